using System.Text;
using Ips.Actors.Diagnostics;
using Mono.Unix.Native;

namespace Ips.Actors.Tests.Diagnostics;

public sealed class LineFormatSinkTests
{
    [Fact]
    public void Write_EachLine_IsOneWrite()
    {
        // On a socket that keeps the bounds of messages, what one write(2) sent is what one read(2) gets.
        var (ours, theirs) = SequencedPair();
        try
        {
            var sink = new LineFormatSink(ours);
            var sizes = new[] { 1, 100, 5000, 40_000, 3 };
            foreach (var size in sizes) sink.Write(Encoding.ASCII.GetBytes(new string('x', size - 1) + "\n"));
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
            var writers = Enumerable.Range(0, 4).Select(n => (Fd: Append(file), Line: Encoding.ASCII.GetBytes(new string((char)('a' + n), 200 + (n * 700)) + "\n"))).ToList();
            var threads = writers.Select(w => new Thread(() =>
            {
                var sink = new LineFormatSink(w.Fd);
                for (var i = 0; i < 500; i++) sink.Write(w.Line);
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
            var sink = new LineFormatSink(fd);
            sink.Write("one\n"u8);
            var other = Append(second);
            Assert.Equal(fd, Syscall.dup2(other, fd)); // what SIGUSR1 does
            _ = Syscall.close(other);
            sink.Write("two\n"u8);

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
            var sink = new LineFormatSink(fd);
            sink.Write("lost 1\n"u8);
            sink.Write("lost 2\n"u8);
            var good = Append(file);
            _ = Syscall.dup2(good, fd);
            _ = Syscall.close(good);
            sink.Write("kept\n"u8);
            sink.Write("kept too\n"u8);

            Assert.Equal("# 2 log lines before this one could not be written: ENOSPC\nkept\nkept too\n", File.ReadAllText(file));
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

        var sink = new LineFormatSink(pipe[1]);
        for (var i = 0; i < count; i++) sink.Write(line);
        _ = Syscall.close(pipe[1]);
        Assert.Equal(count, await reader.WaitAsync(TimeSpan.FromSeconds(20)));
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
}
