using System.Buffers.Binary;
using System.IO.Pipelines;
using Ips.Actors.WebSockets;

namespace Ips.Actors.Tests.WebSockets;

/// <summary>Random frames, cut at random bytes, leave at a random moment: each byte is either given out before the boundary or travels, and
/// the boundary is between two messages.</summary>
public class ResumableStreamTests
{
    /// <summary>Connections of the fuzz; the soak has twenty times as many.</summary>
    protected virtual int Connections => 500;

    [Fact]
    public async Task Leave_RandomFramesCutAnywhere_LosesNoByteAndEndsBetweenMessages()
    {
        for (var seed = 0; seed < Connections; seed++)
        {
            try
            {
                await RunAsync(seed).WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }

    private static async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        var (sent, ends) = Messages(random);
        var wire = new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
        var stream = new ResumableStream(wire.Reader.AsStream());
        var writing = Task.Run(() => WriteAsync(new Random(seed + 1), wire.Writer, sent));

        var got = new List<byte>();
        var buffer = new byte[1 + random.Next(2000)];
        for (var leaves = random.Next(4); leaves >= 0; leaves--)
        {
            var leaveAt = random.Next(sent.Length + 1);
            while (got.Count < leaveAt)
            {
                var count = await stream.ReadAsync(buffer.AsMemory(0, 1 + random.Next(buffer.Length)));
                got.AddRange(buffer.AsSpan(0, count));
            }

            stream.BeginLeave();
            var pending = stream.ReadAsync(buffer).AsTask();
            while (await Task.WhenAny(pending, stream.AtBoundary) == pending && !stream.AtBoundary.IsCompleted)
            {
                got.AddRange(buffer.AsSpan(0, await pending));
                pending = stream.ReadAsync(buffer).AsTask();
            }

            Assert.False(pending.IsCompleted);
            Assert.Contains(got.Count, ends); // between two messages
            if (leaves > 0)
            {
                stream.CancelLeave(); // it stays after all, and goes on
                if (got.Count == sent.Length) return;
                got.AddRange(buffer.AsSpan(0, await pending));
                continue;
            }

            stream.EndReads();
            Assert.Equal(0, await pending);
        }

        await writing;
        got.AddRange(stream.TakeUnread().Span);
        while (wire.Reader.TryRead(out var rest) && !rest.Buffer.IsEmpty)
        {
            foreach (var segment in rest.Buffer) got.AddRange(segment.Span);
            wire.Reader.AdvanceTo(rest.Buffer.End);
        }

        Assert.Equal(sent, got);
    }

    private static async Task WriteAsync(Random random, PipeWriter writer, byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var size = Math.Min(bytes.Length - start, 1 + random.Next(1 << random.Next(12)));
            await writer.WriteAsync(bytes.AsMemory(start, size));
            start += size;
            if (random.Next(3) == 0) await Task.Yield();
        }
    }

    // Masked frames of whole messages, with control frames between them.
    private static (byte[] Bytes, HashSet<int> Ends) Messages(Random random)
    {
        var (bytes, ends) = (new List<byte>(), new HashSet<int> { 0 });
        for (var messages = 1 + random.Next(12); messages > 0; messages--)
        {
            for (var parts = 1 + random.Next(4); parts > 0; parts--)
            {
                AddFrame(random, bytes, (parts == 1 ? 0x80 : 0) | random.Next(3), random.Next(8) switch
                {
                    0 => 0,
                    1 => 126 + random.Next(9000),
                    2 => 65_536 + random.Next(5000),
                    _ => random.Next(126),
                });
                if (parts > 1 && random.Next(3) == 0) AddFrame(random, bytes, 0x89, random.Next(126));
            }

            ends.Add(bytes.Count);
            if (random.Next(3) != 0) continue;
            AddFrame(random, bytes, 0x8A, random.Next(126));
            ends.Add(bytes.Count); // a control frame stands for itself
        }

        return ([.. bytes], ends);
    }

    private static void AddFrame(Random random, List<byte> bytes, int first, int size)
    {
        bytes.Add((byte)first);
        Span<byte> length = stackalloc byte[8];
        if (size < 126)
        {
            bytes.Add((byte)(0x80 | size));
        }
        else if (size <= ushort.MaxValue)
        {
            bytes.Add(0x80 | 126);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)size);
            bytes.AddRange(length[..2]);
        }
        else
        {
            bytes.Add(0x80 | 127);
            BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)size);
            bytes.AddRange(length);
        }

        var rest = new byte[4 + size];
        random.NextBytes(rest);
        bytes.AddRange(rest);
    }
}
