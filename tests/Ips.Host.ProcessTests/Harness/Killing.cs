using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What ends with a process that is killed, by the clients' ports on 127.0.0.1.</summary>
/// <param name="Clients">Its connections. One that it had not accepted is none of them.</param>
/// <param name="Asking">Those of them that waited for an answer of it.</param>
internal sealed record Loss(IReadOnlySet<int> Clients, IReadOnlySet<int> Asking)
{
    /// <summary>The requests that the dead process was answering failed, all of them, and of others only those that were sent to it after
    /// it had been looked at. No connection has more than one: so each is counted.</summary>
    /// <param name="failures">What failed since.</param>
    /// <param name="allItsOwn">False: some of its connections were on their way to another process, which answers them.</param>
    public void AssertIsAll(IReadOnlyList<LoadFailure> failures, bool allItsOwn = true)
    {
        Assert.All(failures, failure => Assert.Contains(failure.Kind,
            new[] { FailureKind.Reset, FailureKind.EofBeforeResponse, FailureKind.EofInsideResponse }));
        var others = failures.Where(failure => !Clients.Contains(failure.LocalPort)).ToList();
        Assert.True(others.Count == 0, $"These were no requests of the dead process: {string.Join("; ", others)}");
        Assert.Equal(failures.Count, failures.DistinctBy(failure => failure.LocalPort).Count());
        if (allItsOwn) Assert.Empty(Asking.Except(failures.Select(failure => failure.LocalPort)));
    }
}

/// <summary>Kills a process in the middle of its work, and knows whom that may cost a request.</summary>
internal static class Killing
{
    /// <summary>SIGSTOP, so that it takes and answers nothing any more, a look at its connections, SIGKILL.</summary>
    public static async Task<Loss> KillAsync(int pid, Service service, StrictLoad load)
    {
        var loss = await StopAsync(pid, service, load);
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigKill));
        await ProcessTable.WaitForEndAsync(pid, Limits.Step);
        return loss;
    }

    /// <summary>SIGSTOP; returns when all threads have stopped.</summary>
    public static async Task StopAsync(int pid)
    {
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigStop), $"The process {pid} is gone already.");
        await Eventually.TrueAsync(() => ProcFs.IsStopped(pid), $"a stop of all threads of {pid}");
    }

    /// <summary>SIGSTOP, and a look at its connections, as soon as the clients have read what it had answered.</summary>
    public static async Task<Loss> StopAsync(int pid, Service service, StrictLoad load)
    {
        await StopAsync(pid);
        Loss? before = null, now = null;
        // Read, connected and waiting: twice the same, as far apart as a client of the load pauses. Its idle ones may ask later still.
        await Eventually.TrueAsync(
            async () =>
            {
                before = now;
                await Task.Delay(LoadPause);
                var clients = TcpSockets.ClientsOf(pid);
                now = new Loss(clients, load.Asking().Where(clients.Contains).ToHashSet());
                return before is not null && now.Clients.SetEquals(before.Clients) && now.Asking.SetEquals(before.Asking);
            },
            "clients that all wait for the stopped process");
        return now!;
    }

    private static TimeSpan LoadPause { get; } = TimeSpan.FromMilliseconds(50);
}
