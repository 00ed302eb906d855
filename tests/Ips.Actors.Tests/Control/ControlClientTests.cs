using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Ips.Actors.Control;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.Control;

public sealed class ControlClientTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-control-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string SocketPath => Path.Combine(_folder, "ips.pid.sock");

    [Fact]
    public async Task Ask_Reload_GivesProgressThenTheReceipt()
    {
        using var daemon = new FakeDaemon(SocketPath, async (request, stream) =>
        {
            Assert.Equal("{\"verb\":\"reload\"}", request);
            await stream.WriteAsync("{\"kind\":\"progress\",\"message\":\"spawned\"}\n{\"kind\":\"progress\",\"mess"u8.ToArray());
            await stream.FlushAsync();
            await stream.WriteAsync("age\":\"ready\",\"later\":1}\n"u8.ToArray());
            await stream.WriteAsync(
                ("{\"kind\":\"receipt\",\"final\":true,\"receipt\":{\"outcome\":\"promoted\",\"oldPid\":1,\"oldGeneration\":1,"u8
                    + "\"newPid\":2,\"newGeneration\":2,\"startedAt\":\"2026-01-02T03:04:05Z\",\"elapsedMs\":12}}\n"u8).ToArray());
        });
        List<string?> progress = [];
        var last = await new ControlClient(SocketPath).AskLastAsync(new("reload"), e => progress.Add(e.Message)).WaitAsync(Bound);

        Assert.Equal(["spawned", "ready"], progress);
        Assert.Equal(2, last.Receipt?.NewPid);
        await daemon.Served.WaitAsync(Bound);
    }

    [Theory]
    [InlineData("", ControlFailure.DaemonGone, "before its answer was complete")]
    [InlineData("{\"kind\":\"progress\"}\n", ControlFailure.DaemonGone, "before its answer was complete")]
    [InlineData("{\"kind\":\"prog", ControlFailure.DaemonGone, "in the middle of a line")]
    [InlineData("hello\n", ControlFailure.Garbled, "no event")]
    [InlineData("{}\n", ControlFailure.Garbled, "no event")]
    [InlineData("null\n", ControlFailure.Garbled, "no event")]
    [InlineData("{\"kind\":\"status\",\"final\":true,\"status\":{\"state\":\"Serving\",\"release\":\"1\"}}\n", ControlFailure.Garbled,
        "list of endpoints is missing")]
    [InlineData("{\"kind\":\"history\",\"final\":true,\"history\":[null]}\n", ControlFailure.Garbled, "a receipt is missing")]
    [InlineData("{\"kind\":\"receipt\",\"final\":true,\"receipt\":{}}\n", ControlFailure.Garbled, "outcome is missing")]
    [InlineData("{\"kind\":\"progress\",\"withinMs\":1e999}\n", ControlFailure.Garbled, "no finite number")]
    [InlineData(
        "{\"kind\":\"receipt\",\"final\":true,\"receipt\":{\"outcome\":\"promoted\",\"oldPid\":1,\"oldGeneration\":1,\"newGeneration\":2,"
            + "\"startedAt\":\"2026-01-02T03:04:05Z\",\"elapsedMs\":-1e999}}\n",
        ControlFailure.Garbled, "no finite number")]
    public async Task Ask_DaemonEndsOrRaves_Fails(string answer, object failure, string message)
    {
        using var daemon = new FakeDaemon(SocketPath, (_, stream) => stream.WriteAsync(Encoding.UTF8.GetBytes(answer)).AsTask());
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("reload")).WaitAsync(Bound));
        Assert.Equal((ControlFailure)failure, error.Failure);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_EndlessLine_IsCutOff()
    {
        using var daemon = new FakeDaemon(SocketPath, async (_, stream) =>
        {
            var block = new byte[64 * 1024];
            Array.Fill(block, (byte)' ');
            // Until the client has had enough and closes.
            await Assert.ThrowsAnyAsync<IOException>(async () => { while (true) await stream.WriteAsync(block); });
        });
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.Garbled, error.Failure);
        await daemon.Served.WaitAsync(Bound);
    }

    [Fact]
    public async Task Ask_NoSocket_SaysSo()
    {
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.SocketMissing, error.Failure);
        error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(Path.Combine(_folder, "no/such/ips.pid.sock")).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.SocketMissing, error.Failure);
    }

    [Fact]
    public async Task Ask_SocketOfADeadDaemon_SaysSo()
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound by a name that .NET does not know, so that it does not remove it.
            Assert.Equal(0, Mono.Unix.Native.Syscall.bind((int)socket.Handle, new Mono.Unix.Native.SockaddrUn(SocketPath)));
        }
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.NobodyListens, error.Failure);
    }

    [Fact]
    public async Task Ask_NotASocket_SaysSo()
    {
        await File.WriteAllTextAsync(SocketPath, "x");
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.NobodyListens, error.Failure); // connect(2) gives ECONNREFUSED for a plain file as well
    }

    [Fact]
    public async Task Ask_PathBeyondASocketAddress_Works()
    {
        var deep = Directory.CreateDirectory(Path.Combine(_folder, string.Join('/', Enumerable.Repeat(new string('d', 60), 3)))).FullName;
        using var daemon = new FakeDaemon(Path.Combine(deep, "ips.pid.sock"),
            (_, stream) => stream.WriteAsync("{\"kind\":\"status\",\"final\":true}\n"u8.ToArray()).AsTask());
        var before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        Assert.Equal("status",
            (await new ControlClient(Path.Combine(deep, "ips.pid.sock")).AskLastAsync(new("status")).WaitAsync(Bound)).Kind);
        await daemon.Served.WaitAsync(Bound);
        Assert.InRange(Directory.GetFileSystemEntries("/proc/self/fd").Length, 0, before + 4); // other tests run beside this one

        var error = await Assert.ThrowsAsync<ControlException>(() =>
            new ControlClient(Path.Combine(deep, new string('n', 120) + ".sock")).AskLastAsync(new("status")).WaitAsync(Bound));
        Assert.Equal(ControlFailure.SocketMissing, error.Failure); // a name of any length can be asked for
    }

    [Fact]
    public async Task Ask_DaemonThatAcceptsNothing_TimesOutBeforeTheFirstEvent()
    {
        using var daemon = new FakeDaemon(SocketPath, (_, stream) => stream.UntilClosedAsync());
        var time = new FakeTimeProvider();
        var asking = new ControlClient(SocketPath, time).AskLastAsync(new("status")); // its limits are armed when this returns
        time.Advance(TimeSpan.FromSeconds(10));
        var error = await Assert.ThrowsAsync<ControlException>(() => asking.WaitAsync(Bound));
        Assert.Equal(ControlFailure.TimedOut, error.Failure);
        Assert.Contains("'status' within 10 s", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true, 60)]
    [InlineData(",\"withinMs\":200000", true, 210)]
    [InlineData(",\"withinMs\":1000", true, 11)]
    [InlineData(",\"withinMs\":200000", false, 60)]
    [InlineData(",\"withinMs\":-1", true, 60)]
    [InlineData(",\"withinMs\":1e300", true, 60)]
    public async Task Ask_AfterTheFirstEvent_TheDaemonsLimitCountsUnlessTheUserSetOne(string within, bool daemonSets, int seconds)
    {
        var almost = new TaskCompletionSource();
        using var daemon = new FakeDaemon(SocketPath, async (_, stream) =>
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{{\"kind\":\"progress\"{within}}}\n"));
            await almost.Task;
            await stream.WriteAsync("{\"kind\":\"progress\"}\n"u8.ToArray());
            await stream.UntilClosedAsync();
        });
        var time = new FakeTimeProvider();
        var told = Channel.CreateUnbounded<ControlEvent>();
        var asking = new ControlClient(SocketPath, time) { DaemonSetsTimeout = daemonSets }.AskLastAsync(new("reload"),
            read => told.Writer.TryWrite(read));
        await told.Reader.ReadAsync().AsTask().WaitAsync(Bound);

        time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        almost.SetResult();
        await told.Reader.ReadAsync().AsTask().WaitAsync(Bound); // it still listens
        time.Advance(TimeSpan.FromMilliseconds(1));
        var error = await Assert.ThrowsAsync<ControlException>(() => asking.WaitAsync(Bound));
        Assert.Contains($"'reload' within {seconds} s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_UserGivesUp_IsCancelledNotTimedOut()
    {
        using var daemon = new FakeDaemon(SocketPath, (_, stream) => stream.UntilClosedAsync());
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new ControlClient(SocketPath).AskLastAsync(new("status"), null, cancel.Token).WaitAsync(Bound));
    }

    [Fact]
    public async Task Ask_QueueOfTheDaemonIsFull_WaitsForAPlace()
    {
        using var listener = FakeDaemon.Listen(SocketPath, backlog: 0);
        List<Socket> waiting = [];
        try
        {
            // Fill the queue: connect(2) on a non-blocking Unix socket then fails with EAGAIN.
            while (true)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
                waiting.Add(socket);
                if (!TryConnect(socket)) break;
            }
            var asking = new ControlClient(SocketPath).AskLastAsync(new("status"));
            for (var i = 0; i < waiting.Count - 1; i++) (await listener.AcceptAsync().WaitAsync(Bound)).Dispose();
            using var accepted = await listener.AcceptAsync().WaitAsync(Bound);
            await accepted.SendAsync("{\"kind\":\"status\",\"final\":true}\n"u8.ToArray());
            Assert.True((await asking.WaitAsync(Bound)).Final);
        }
        finally
        {
            waiting.ForEach(socket => socket.Dispose());
        }
    }

    private bool TryConnect(Socket socket)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
