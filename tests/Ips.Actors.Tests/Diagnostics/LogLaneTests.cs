using System.Text;
using Ips.Actors.Diagnostics;
using Mono.Unix.Native;

namespace Ips.Actors.Tests.Diagnostics;

public sealed class LogLaneTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public void Write_EachLine_IsOneWrite()
    {
        // On a socket that keeps the bounds of messages, what one write(2) sent is what one read(2) gets.
        var (ours, theirs) = SequencedPair();
        try
        {
            var lane = new LogLane(ours);
            var sizes = new[] { 1, 100, 5000, 40_000, 3 };
            foreach (var size in sizes) lane.Write(Encoding.ASCII.GetBytes(new string('x', size - 1) + "\n"));
            Assert.Equal(sizes, sizes.Select(_ => ReadOnce(theirs)));
        }
        finally
        {
            _ = Syscall.close(ours);
            _ = Syscall.close(theirs);
        }
    }

    [Fact]
    public void Write_TwoGenerationsAppendToOneFile_NoLineTears()
    {
        var file = Path.GetTempFileName();
        try
        {
            // Each with an open file description of its own, as a generation has that opened the log again.
            var writers = Enumerable.Range(0, 4).Select(n =>
                (Fd: Append(file), Line: Encoding.ASCII.GetBytes(new string((char)('a' + n), 200 + (n * 700)) + "\n"))).ToList();
            var threads = writers.Select(w => new Thread(() =>
            {
                var lane = new LogLane(w.Fd);
                for (var i = 0; i < 500; i++) lane.Write(w.Line);
                Assert.True(lane.Flush(Limit));
            })).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            writers.ForEach(w => Assert.Equal(0, Syscall.close(w.Fd)));

            var lines = File.ReadAllLines(file);
            Assert.Equal(2000, lines.Length);
            Assert.All(lines, line => Assert.Equal(new string(line[0], 200 + ((line[0] - 'a') * 700)), line));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Write_FileReopenedBehindTheNumber_GoesToTheNewFile()
    {
        var (first, second) = (Path.GetTempFileName(), Path.GetTempFileName());
        var fd = Append(first);
        try
        {
            var lane = new LogLane(fd);
            lane.Write("one\n"u8);
            Assert.True(lane.Flush(Limit));
            var other = Append(second);
            Assert.Equal(fd, Syscall.dup2(other, fd)); // what SIGUSR1 does
            _ = Syscall.close(other);
            lane.Write("two\n"u8);
            Assert.True(lane.Flush(Limit));

            Assert.Equal("one\n", File.ReadAllText(first));
            Assert.Equal("two\n", File.ReadAllText(second));
        }
        finally
        {
            _ = Syscall.close(fd);
            File.Delete(first);
            File.Delete(second);
        }
    }

    [Fact]
    public void Write_LinesThatCouldNotBeWritten_AreCountedInTheLogItself()
    {
        var fd = Syscall.open("/dev/full", OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC);
        var file = Path.GetTempFileName();
        try
        {
            var lane = new LogLane(fd);
            lane.Write("lost 1\n"u8);
            lane.Write("lost 2\n"u8);
            Assert.True(lane.Flush(Limit));
            var good = Append(file);
            _ = Syscall.dup2(good, fd);
            _ = Syscall.close(good);
            lane.Write("kept\n"u8);
            lane.Write("kept too\n"u8);
            Assert.True(lane.Flush(Limit));

            var lines = File.ReadAllLines(file);
            Assert.Matches($" WARN  gen=0 pid={Environment.ProcessId} Ips.Actors.Diagnostics.LogLane {EventIds.LinesLost} "
                + "2 lines before this one could not be written: ENOSPC.$", lines[0]);
            Assert.Equal(["kept", "kept too"], lines[1..]);
        }
        finally
        {
            _ = Syscall.close(fd);
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Write_NonBlockingPipeWithASlowReader_WaitsForIt()
    {
        int[] pipe = new int[2];
        Assert.Equal(0, Syscall.pipe(out pipe[0], out pipe[1]));
        _ = Syscall.fcntl(pipe[1], FcntlCommand.F_SETFL, (int)OpenFlags.O_NONBLOCK);
        var line = Encoding.ASCII.GetBytes(new string('x', 9_999) + "\n");
        const int count = 30; // 300 KB through a pipe that holds 64
        var reader = Task.Run(() =>
        {
            using var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe[0], ownsHandle: true), FileAccess.Read);
            using var text = new StreamReader(stream);
            var lines = 0;
            while (text.ReadLine() is { } read)
            {
                Assert.Equal(9_999, read.Length);
                lines++;
            }
            return lines;
        });

        var lane = new LogLane(pipe[1]);
        for (var i = 0; i < count; i++) lane.Write(line);
        Assert.True(lane.Flush(Limit));
        _ = Syscall.close(pipe[1]);
        Assert.Equal(count, await reader.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_NobodyReads_NeverWaitsAndTellsWhatWasLostOnceSomebodyDoes(bool nonBlocking)
    {
        int[] pipe = new int[2];
        Assert.Equal(0, Syscall.pipe(out pipe[0], out pipe[1]));
        if (nonBlocking) _ = Syscall.fcntl(pipe[1], FcntlCommand.F_SETFL, (int)OpenFlags.O_NONBLOCK);
        var lane = new LogLane(pipe[1], capacityBytes: 100_000) { Form = new LineFormatOptions { Format = LineFormat.Json } };
        const int count = 20_000;
        // 2 MB, where 64 KiB and 100 KB fit; the second half when the pipe is full, so that nothing makes room afterwards
        for (var i = 0; i < count; i++)
        {
            lane.Write(Encoding.ASCII.GetBytes($"line {i} {new string('x', 90)}\n"));
            if (i == count / 2) Assert.True(SpinWait.SpinUntil(() => !IsWritable(pipe[1]), Limit));
        }

        Assert.False(lane.Flush(TimeSpan.FromMilliseconds(1)));
        Assert.False(lane.WaitForRoom(TimeSpan.Zero));

        using var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe[0], ownsHandle: true), FileAccess.Read);
        using var text = new StreamReader(stream);
        var reading = Task.Run(() =>
        {
            List<string> read = [];
            while (text.ReadLine() is { } line && line != "after") read.Add(line);
            return read;
        });
        Assert.True(lane.WaitForRoom(Limit));
        Assert.True(lane.Flush(Limit));
        lane.Write("after\n"u8);
        var lines = await reading.WaitAsync(Limit);
        _ = Syscall.close(pipe[1]);

        // The lines are in order, each gap has its notice where it is, and the notice has the log's format.
        var next = 0;
        foreach (var line in lines)
        {
            if (line.StartsWith('{'))
            {
                var notice = System.Text.Json.JsonDocument.Parse(line).RootElement;
                Assert.Equal(EventIds.LinesLost, notice.GetProperty("eventId").GetInt32());
                Assert.EndsWith(" lines before this one could not be written: the reader is too slow or has stopped.",
                    notice.GetProperty("message").GetString(), StringComparison.Ordinal);
                next += int.Parse(notice.GetProperty("message").GetString()!.Split(' ')[0],
                    System.Globalization.CultureInfo.InvariantCulture);
            }
            else
            {
                Assert.StartsWith($"line {next++} ", line, StringComparison.Ordinal);
            }
        }

        Assert.Equal(count, next);
        Assert.Contains(lines, line => line.StartsWith('{'));
    }

    [Theory]
    [InlineData("/dev/ptmx", true)]
    [InlineData("/dev/null", false)]
    public void Style_ByWhereTheLaneLeads_IsForATerminalOnly(string device, bool isTerminal)
    {
        var fd = Syscall.open(device, OpenFlags.O_RDWR | OpenFlags.O_NOCTTY | OpenFlags.O_CLOEXEC);
        try
        {
            Assert.Equal(isTerminal, new LogLane(fd).Style != LineStyle.Plain);
        }
        finally
        {
            _ = Syscall.close(fd);
        }
    }

    [Fact]
    public void Write_LineLargerThanTheQueue_IsCounted()
    {
        var file = Path.GetTempFileName();
        var fd = Append(file);
        try
        {
            var lane = new LogLane(fd, capacityBytes: 1000);
            lane.Write(new byte[2000]);
            Assert.True(lane.Flush(Limit));
            Assert.Contains(" 1 line before this one could not be written: ", File.ReadAllText(file), StringComparison.Ordinal);
        }
        finally
        {
            _ = Syscall.close(fd);
            File.Delete(file);
        }
    }

    private static int Append(string file) => Syscall.open(file, OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CLOEXEC);

    private static (int, int) SequencedPair()
    {
        var ends = new int[2];
        Assert.Equal(0, Syscall.socketpair(UnixAddressFamily.AF_UNIX, UnixSocketType.SOCK_SEQPACKET, 0, out ends[0], out ends[1]));
        return (ends[0], ends[1]);
    }

    private static int ReadOnce(int fd)
    {
        var buffer = new byte[128 * 1024];
        return (int)Syscall.recv(fd, buffer, (ulong)buffer.Length, 0);
    }

    private static bool IsWritable(int fd)
    {
        Span<Posix.PollEntry> entries = [new(fd, Posix.PollEvents.Writable)];
        Posix.Poll.Wait(entries, 0);
        return entries[0].Returned.HasFlag(Posix.PollEvents.Writable);
    }
}
