using System.Diagnostics;
using System.Net.Sockets;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>What answers at NOTIFY_SOCKET.</summary>
public enum NotifyReceiver
{
    /// <summary>Its queue is full, and nobody reads.</summary>
    NeverReads,

    /// <summary>Its process is gone, the path is there.</summary>
    Gone,

    /// <summary>Nothing is at the path.</summary>
    Missing,

    /// <summary>A socket of another type.</summary>
    Stream,

    /// <summary>No socket.</summary>
    File,

    /// <summary>A path that no socket address holds.</summary>
    LongPath,

    /// <summary>It reads a datagram now and then, and is gone and there again in turns.</summary>
    ComesAndGoes,
}

/// <summary>What answers at NOTIFY_SOCKET.</summary>
[Collection(Waits.Name)]
public class NotifyFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    // Ips only writes there: no reader may make it wait or fail.
    private static readonly TimeSpan s_prompt = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(NotifyReceiver.NeverReads)]
    [InlineData(NotifyReceiver.Gone)]
    [InlineData(NotifyReceiver.Missing)]
    [InlineData(NotifyReceiver.Stream)]
    [InlineData(NotifyReceiver.File)]
    [InlineData(NotifyReceiver.LongPath)]
    [InlineData(NotifyReceiver.ComesAndGoes)]
    public async Task Notify_ReceiverIsHostile_ServiceAnswersAndActsPromptly(NotifyReceiver receiver)
    {
        var path = receiver == NotifyReceiver.LongPath ? Path.Combine(Folder, new string('n', 200)) : Path.Combine(Folder, "notify");
        using var socket = Bind(receiver, path);
        using var end = new CancellationTokenSource();
        var moody = receiver == NotifyReceiver.ComesAndGoes ? Task.Run(() => ComeAndGo(path, end.Token)) : Task.CompletedTask;
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            // 50 signs of life a second
            Environment = new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = path, ["WATCHDOG_USEC"] = "60000" },
        });
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        await scene.BeginToCountAsync();
        for (var i = 0; i < 9 * Times; i++)
        {
            var requests = Requests(scene);
            await Eventually.TrueAsync(() => Requests(scene) >= requests + 35, "35 more requests");
            await scene.LookAsync();
            var asked = Stopwatch.GetTimestamp();
            Assert.Equal("Serving", (await service.StatusAsync()).State);
            Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, s_prompt);
            scene.AssertUnharmed();
        }

        await scene.AssertNothingLeftAsync(DescriptorsMax);
        var reload = Stopwatch.GetTimestamp();
        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        service.Signal(ProcessTable.SigTerm);
        await service.Processes.WaitForOnlyAsync();
        Output.WriteLine($"a reload and a stop took {Stopwatch.GetElapsedTime(reload).TotalSeconds:0.0} s");
        Assert.InRange(Stopwatch.GetElapsedTime(reload), TimeSpan.Zero, 6 * s_prompt);
        await end.CancelAsync();
        await moody;
    }

    private static Socket? Bind(NotifyReceiver receiver, string path)
    {
        if (receiver == NotifyReceiver.File) File.WriteAllText(path, "");
        if (receiver is not (NotifyReceiver.NeverReads or NotifyReceiver.Gone or NotifyReceiver.Stream)) return null;
        var bound = $"{path}.bound";
        var stream = receiver == NotifyReceiver.Stream;
        var socket = new Socket(AddressFamily.Unix, stream ? SocketType.Stream : SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(bound));
        if (stream) socket.Listen();
        File.Move(bound, path); // .NET removes what it has bound, by its name
        if (receiver == NotifyReceiver.Gone) socket.Dispose();
        return socket;
    }

    private static long Requests(ChannelScene scene) => scene.Load.Snapshot().Workers.Values.Sum(worker => worker.Requests);

    private static void ComeAndGo(string path, CancellationToken end)
    {
        var random = new Random(7);
        while (!end.IsCancellationRequested)
        {
            File.Delete(path);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            if (random.Next(2) == 0 && socket.Poll(10_000, SelectMode.SelectRead)) socket.Receive(new byte[16]);
            end.WaitHandle.WaitOne(random.Next(500));
        }
    }
}
