using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Reads JSON lines. Holds one line at a time.</summary>
internal static class JsonLinesReader
{
    /// <summary>Longest line, bytes: an object is far smaller, so a longer line is not one.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    /// <summary>Reads a file; blank lines are skipped, and a file without another is refused.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="oclass">The class of all lines; null takes it from each line's <c>oid</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<ImportedRow> ReadAsync(Stream stream, ObjectClass? oclass,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        long line = 1;
        var (tooLong, any) = (false, false);
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (Row(rest.Slice(0, end), line, oclass, tooLong) is { } row)
                {
                    any = true;
                    yield return row;
                }
                rest = rest.Slice(rest.GetPosition(1, end));
                tooLong = false;
                line++;
            }
            if (rest.Length > MaxLineBytes)
            {
                tooLong = true;
                rest = rest.Slice(rest.End);
            }
            if (read.IsCompleted)
            {
                if (Row(rest, line, oclass, tooLong) is { } row)
                {
                    any = true;
                    yield return row;
                }
                break;
            }
            pipe.AdvanceTo(rest.Start, read.Buffer.End);
        }
        await pipe.CompleteAsync();
        if (!any) yield return new ImportedRow(1, null, [Refusals.Malformed("the file is empty")]);
    }

    private static ImportedRow? Row(ReadOnlySequence<byte> bytes, long line, ObjectClass? oclass, bool tooLong)
    {
        if (tooLong || bytes.Length > MaxLineBytes) return new ImportedRow(line, null,
            [Refusals.Malformed($"the line is longer than {MaxLineBytes} bytes")]);
        var text = bytes.IsSingleSegment ? bytes.FirstSpan : bytes.ToArray();
        if (line == 1 && text.StartsWith("\uFEFF"u8)) text = text[3..];
        if (text.Trim(" \t\r"u8).IsEmpty) return null;
        var item = ObjectCodec.Read(text, oclass, null, out var problems);
        return new ImportedRow(line, item, problems);
    }
}
