using Ips.Testing.Load;
using Ips.Testing.Reloads;

namespace Ips.Testing;

/// <summary>Reloads a published app while clients send requests to it, and fails if one of them noticed.</summary>
/// <remarks>The clients never retry: a refused or reset connection, a cut or malformed response, and a status outside of 200 to 399 are
/// each a failed request. They notice a closed connection only 10 ms after the close arrived, as clients behind a network do. Needs Linux,
/// and the line <c>AddIps()</c> in the app.</remarks>
public static class ReloadTest
{
    /// <summary>Starts the app, reloads it under load, and stops it.</summary>
    /// <param name="options">The app, and how it is reloaded.</param>
    /// <param name="cancellationToken">Ends the test, and the app.</param>
    /// <returns>What the clients saw.</returns>
    /// <exception cref="ReloadTestException">A request failed, a reload was refused or rolled back, or the app could not be started or
    /// stopped. The message has the reasons, the report of the clients, and the app's last lines of output.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or names no published app.</exception>
    public static async Task<ReloadTestReport> RunAsync(ReloadTestOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        await using var app = new TestedApp(options);
        await using var abort = cancellationToken.Register(app.Kill);
        List<string> problems = [];
        LoadReport? seen = null;
        var done = 0;
        try
        {
            await app.StartAsync();
            // One that fails is enough to know.
            var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var load = StrictLoad.Start(LoadFor(app.Target, options, failed));
            try
            {
                await await Task.WhenAny(load.WaitForRequestsAsync(1, options.Timeout), failed.Task);
                for (; done < options.Reloads && !failed.Task.IsCompleted; done++)
                {
                    await app.ReloadAsync(done + 1);
                    await await Task.WhenAny(load.WaitForGenerationAsync(done + 2, options.Timeout), failed.Task);
                }
            }
            finally
            {
                seen = await load.StopAsync();
            }

            await app.StopAsync();
        }
        catch (Exception e) when (e is ReloadTestFault or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            problems.Add(e.Message);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (seen is { FailedRequests: > 0 }) problems.Insert(0, $"{seen.FailedRequests} of {seen.Requests} requests failed.");
        var report = new ReloadTestReport(done, seen?.Requests ?? 0, seen?.FailedRequests ?? 0, seen?.LongestStall ?? TimeSpan.Zero,
            $"{seen}");
        return problems.Count == 0 ? report : throw new ReloadTestException(report, problems, app.OutputTail());
    }

    private static LoadOptions LoadFor(LoadTarget target, ReloadTestOptions options, TaskCompletionSource failed)
    {
        // Some of each kind, and most of them idle, as connections of real clients are.
        var active = options.Clients / 4;
        return new()
        {
            Target = target,
            Distance = LoadDistance.Far,
            Paths = new() { Ping = options.Paths[0], More = [.. options.Paths.Skip(1)], PingBody = null },
            Status = (200, 399),
            OneShotWorkers = active,
            BusyWorkers = active,
            IdleWorkers = options.Clients - (2 * active),
            IdleIntervalMax = TimeSpan.FromSeconds(1),
            StreamWorkers = 0,
            UploadWorkers = 0,
            OnFailure = _ => failed.TrySetResult(),
            // Without a pause the clients would take the machine, and a reload as long as they leave it.
            BusyThinkTime = TimeSpan.FromMilliseconds(10),
            OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        };
    }
}
