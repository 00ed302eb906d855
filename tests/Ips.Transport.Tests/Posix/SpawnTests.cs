using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Launch;
using Ips.Actors.Posix;
using Ips.Testing.Processes;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class SpawnTests
{
    public SpawnTests() => SignalDispositions.HandOnDefaults();

    [Fact]
    public async Task Start_ManyDescriptorsOpen_ChildHasOnlyStandardAndNamedOnes()
    {
        var listener = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 1, out _);
        var (a, b) = FdPassing.SocketPair();
        var high = FileDescriptors.DuplicateHigh(listener);
        using var eventFd = new EventFd();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await using var file = File.OpenRead("/proc/self/status");
        var inherited = FileDescriptors.DuplicateHigh(listener);
        FileDescriptors.ClearCloseOnExec(inherited); // as a shell passes on the lock of a deployment
        Assert.Contains(inherited, FileDescriptors.Inheritable());

        var listed = await Child.TextOfAsync(Child.Request("/bin/ls", "/proc/self/fd") with { Descriptors = [(a, 3), (listener, 20)] });

        List<int> expected = [0, 1, 2, 3, 20];
        expected.Add(Enumerable.Range(0, 1000).First(fd => !expected.Contains(fd))); // the one by which ls reads the folder
        Assert.Equal(expected.Order(), listed.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(fd => int.Parse(fd, CultureInfo.InvariantCulture)).Order());
        foreach (var fd in (int[])[listener, a, b, high, inherited]) FileDescriptors.Close(fd);
    }

    [Fact]
    public async Task Start_TargetsAreNumbersOfOtherSources_EachGetsItsOwn()
    {
        var (a, b) = (FileDescriptors.Open("/dev/null", 0), FileDescriptors.Open("/dev/zero", 0));

        var text = await Child
            .TextOfAsync(Child.Shell($"readlink /proc/self/fd/{a}; readlink /proc/self/fd/{b}") with { Descriptors = [(a, b), (b, a)] });

        Assert.Equal("/dev/zero\n/dev/null\n", text);
        FileDescriptors.Close(a);
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task Start_DescriptorToItsOwnNumber_IsOpenInTheChildAndStaysCloseOnExecHere()
    {
        var fd = FileDescriptors.Open("/dev/null", 0);

        var text = await Child.TextOfAsync(Child.Shell($"readlink /proc/self/fd/{fd}") with { Descriptors = [(fd, fd)] });

        Assert.Equal("/dev/null\n", text); // dup2(n, n) alone would leave it to be closed at exec
        Assert.True(FileDescriptors.IsCloseOnExec(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public async Task Start_Always_ChildBlocksReloadSignalsOnlyAndIgnoresNoneButThoseIgnoredHere()
    {
        var status = await StatusAsync();

        Assert.Equal(Bits(SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGUSR2), status("SigBlk"));
        Assert.Equal(Bits([.. Enumerable.Range(1, 31).Where(signal => signal != SignalNumbers.SIGPIPE && Signals.IsIgnored(signal))]),
            status("SigIgn"));
        Assert.True(Signals.IsIgnored(SignalNumbers.SIGPIPE)); // by the runtime, hence not the child's
    }

    [Fact]
    public async Task Start_SighupIgnoredAsUnderNohup_StaysIgnoredInTheChild()
    {
        Assert.False(Signals.IsIgnored(SignalNumbers.SIGHUP));
        using (TestLibc.Ignore(SignalNumbers.SIGHUP))
        {
            Assert.True(Signals.IsIgnored(SignalNumbers.SIGHUP));
            Assert.NotEqual(0UL, (await StatusAsync())("SigIgn") & Bits(SignalNumbers.SIGHUP));
        }

        Assert.Equal(0UL, (await StatusAsync())("SigIgn") & Bits(SignalNumbers.SIGHUP));
    }

    [Theory]
    [InlineData(SignalNumbers.SIGINT)]
    [InlineData(SignalNumbers.SIGQUIT)]
    public async Task Start_KeySignalIgnoredAsInABackgroundJob_IsNotIgnoredWhereThereIsNoTerminal(int signal)
    {
        using (TestLibc.Ignore(signal))
        {
            Assert.True(Signals.IsIgnored(signal));
            Assert.Equal(0UL, (await StatusAsync(newSession: true))("SigIgn") & Bits(signal));
            Assert.Equal(Terminal.IsControlling, ((await StatusAsync())("SigIgn") & Bits(signal)) != 0);
        }
    }

    [Fact]
    public async Task Start_NewGroup_IsLedByTheChildAndEndsAsAWhole()
    {
        await using var child = Child.Start(Child.Shell("sleep 600 & echo $!; wait") with { NewGroup = true });
        Assert.Equal(child.Pid, Processes.GroupOf(child.Pid));
        await child.Output.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Fds.Bound);

        Processes.KillGroup(child.Pid);

        // The output ends when the last one that holds it does.
        Assert.Equal(SignalNumbers.SIGKILL, (await child.EndAsync()).Exit.Signal);
        Assert.Equal(ProcessAttributes.ProcessGroup, Processes.GroupOf(Environment.ProcessId));
    }

    [Fact]
    public void Start_OnAThreadThatBlocksOtherSignals_ChildDoesNotInheritThat()
    {
        Func<string, ulong>? status = null;
        var thread = new Thread(() =>
        {
            SignalMask.Block(SignalNumbers.SIGTERM, SignalNumbers.SIGINT);
            Assert.True(SignalMask.IsBlocked(SignalNumbers.SIGTERM));
            status = StatusAsync().GetAwaiter().GetResult();
            SignalMask.Unblock(SignalNumbers.SIGTERM);
            Assert.False(SignalMask.IsBlocked(SignalNumbers.SIGTERM));
            Assert.True(SignalMask.IsBlocked(SignalNumbers.SIGINT));
        });
        thread.Start();
        Assert.True(thread.Join(Fds.Bound));

        Assert.Equal(Bits(SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGUSR2), status!("SigBlk"));
    }

    [Theory]
    [InlineData(SignalNumbers.SIGHUP)]
    [InlineData(SignalNumbers.SIGUSR1)]
    [InlineData(SignalNumbers.SIGUSR2)]
    public async Task Start_ReloadSignalBeforeTheChildIsReady_IsNotFatal(int signal)
    {
        await using var child = Child.Start(Child.Request("/bin/cat"));

        Assert.True(Processes.TrySignal(child.Pid, signal));

        Assert.Equal(new ProcessExit(0, 0), (await child.EndAsync()).Exit);
    }

    [Fact]
    public async Task Start_StopSignal_IsFatalAtOnce()
    {
        await using var child = Child.Start(Child.Request("/bin/cat"));

        Assert.True(Processes.TrySignal(child.Pid, SignalNumbers.SIGTERM));

        var exit = (await child.EndAsync()).Exit;
        Assert.Equal(new ProcessExit(0, SignalNumbers.SIGTERM), exit);
        Assert.Equal("killed by SIGTERM (15)", exit.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_NewSession_LeadsOneOrStaysInOurs(bool newSession)
    {
        var fields = (await Child.TextOfAsync(Child.Request("/bin/cat", "/proc/self/stat") with { NewSession = newSession })).Split(' ');

        Assert.Equal(newSession ? fields[0] : ProcessAttributes.Session.ToString(CultureInfo.InvariantCulture), fields[5]);
    }

    [Fact]
    public async Task Start_WorkingDirectory_IsWhereTheChildStartsAndWhatARelativeProgramIsRelativeTo()
    {
        var folder = Fds.TemporaryFolder();
        File.CreateSymbolicLink(Path.Combine(folder, "program"), "/bin/pwd");

        var text = await Child.TextOfAsync(Child.Request("./program", "-P") with { WorkingDirectory = folder });

        Assert.Equal(folder + "\n", text);
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task Start_ArgumentsAndEnvironment_ArriveByteForByte()
    {
        byte[] latin1 = [0x63, 0x61, 0x66, 0xE9];
        var text = NativeText.Decode(latin1);
        var environment = new Dictionary<string, string> { ["NAME"] = text, ["EMPTY"] = "", ["EQUALS"] = "a=b", ["SNOW"] = "☃ 𝄞" };

        var variables = await Child.OutputOfAsync(Child.Request("/usr/bin/env", "-0") with { Environment = environment });
        string[] given = ["other name", "-c", "cat /proc/$$/cmdline; :", "", text, ""];
        var arguments = await Child.OutputOfAsync(Child.Request("/bin/sh") with { Arguments = given });

        Assert.Equal(environment, ProcessStart.ParseEnvironment(ProcessStart.SplitAtNul(variables)));
        Assert.True(variables.AsSpan().IndexOf(latin1) >= 0);
        Assert.Equal(given, ProcessStart.SplitAtNul(arguments));
    }

    [Theory]
    [InlineData("/nonexistent/program", null, Errno.ENOENT, "posix_spawn(3) on /nonexistent/program: No such file or directory (ENOENT)")]
    [InlineData("/etc/passwd", null, Errno.EACCES, "posix_spawn(3) on /etc/passwd: Permission denied (EACCES)")]
    [InlineData("/bin/true", "/nonexistent", Errno.ENOENT,
        "posix_spawn(3) on /bin/true in /nonexistent: No such file or directory (ENOENT)")]
    public void Start_CannotRun_ThrowsTheReasonAndLeaksNothing(string program, string? directory, int errno, string message)
    {
        var request = Child.Request(program) with { WorkingDirectory = directory, Descriptors = [(2, 5)] };
        Fds.AssertNoLeak(() =>
        {
            var error = Assert.Throws<PosixException>(() => Spawn.Start(request));
            Assert.Equal((errno, message), (error.Errno, error.Message));
        });
    }

    [Fact]
    public void Start_ClosedDescriptor_ThrowsBeforeAChildExists()
    {
        var error = Assert.Throws<PosixException>(() => Spawn
            .Start(Child.Request("/bin/true") with { Descriptors = [(2, 5), (30_000, 6)] }));

        Assert.Equal(Errno.EBADF, error.Errno);
    }

    [Fact]
    public void Start_RequestThatMakesNoSense_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => Spawn.Start(Child.Request("true")));
        Assert.Throws<ArgumentException>(() => Spawn.Start(Child.Request("/bin/true") with { Arguments = [] }));
        Assert.Throws<ArgumentException>(() => Spawn.Start(Child.Request("/bin/true", "a\0b")));
        Assert.Throws<ArgumentException>(() =>
            Spawn.Start(Child.Request("/bin/true") with { Environment = new Dictionary<string, string> { ["A=B"] = "c" } }));
        Assert.Throws<ArgumentException>(() => Spawn.Start(Child.Request("/bin/true") with { Descriptors = [(1, 5), (2, 5)] }));
    }

    [Fact]
    public void Start_ManyChildren_LeaksNothing() => Fds.AssertNoLeak(() =>
    {
        var pid = Spawn.Start(Child.Request("/bin/true") with { Descriptors = [(2, 3), (2, 4)] });
        Assert.Equal(new ProcessExit(0, 0), Processes.WaitAsync(pid, CancellationToken.None).WaitAsync(Fds.Bound).GetAwaiter().GetResult());
    });

    private static async Task<Func<string, ulong>> StatusAsync(bool newSession = false)
    {
        var lines = (await Child.TextOfAsync(Child.Request("/bin/cat", "/proc/self/status") with { NewSession = newSession })).Split('\n');
        return name => ulong.Parse(lines.Single(line => line.StartsWith(name + ":", StringComparison.Ordinal)).AsSpan(name.Length + 1)
            .Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static ulong Bits(params int[] signals) => signals.Aggregate(0UL, (bits, signal) => bits | 1UL << (signal - 1));
}
