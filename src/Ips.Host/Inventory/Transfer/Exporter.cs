using CsvHelper;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Writes the objects of a store, as of one moment, in a form that <see cref="Importer"/> reads. Holds one object at a
/// time.</summary>
internal static class Exporter
{
    /// <summary>Writes all objects, or those of one class.</summary>
    /// <param name="store">Which objects.</param>
    /// <param name="oclass">Only these; null writes all.</param>
    /// <param name="format">In which form.</param>
    /// <param name="keepFormulas">CSV: write also what a spreadsheet would run as it is, see <see cref="CsvFormulas"/>.</param>
    /// <param name="output">Where to.</param>
    /// <param name="onProgress">Called after each object with their number so far.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How many.</returns>
    public static async Task<long> RunAsync(
        IObjectStore store, ObjectClass? oclass, TransferFormat format, bool keepFormulas, Stream output, Action<long> onProgress,
            CancellationToken cancellationToken)
    {
        long count = 0;
        if (format == TransferFormat.JsonLines)
        {
            var buffered = new BufferedStream(output, 64 * 1024);
            await foreach (var item in store.ExportAsync(oclass, cancellationToken))
            {
                buffered.Write(item.Body.Span);
                buffered.WriteByte((byte)'\n');
                onProgress(++count);
            }
            await buffered.FlushAsync(cancellationToken); // not disposed: the stream is the caller's
            return count;
        }
        var columns = CsvColumns.For(oclass);
        await using var csv = CsvWriter.Create(output, new CsvWriterOptions { Separator = ',' }, leaveOpen: true);
        foreach (var column in columns) csv.WriteField(column);
        await csv.EndRecordAsync(cancellationToken);
        await foreach (var stored in store.ExportAsync(oclass, cancellationToken))
        {
            var item = Item(stored);
            foreach (var column in columns) csv.WriteField(CsvFormulas.Escape(Cell(item, column), keepFormulas));
            await csv.EndRecordAsync(cancellationToken);
            onProgress(++count);
        }
        await csv.FlushAsync(cancellationToken); // here, where a failure is the export's
        return count;
    }

    /// <summary>The object that a stored body holds.</summary>
    public static InventoryObject Item(StoredObject stored) =>
        ObjectCodec.Read(stored.Body.Span, null, null, out var problems)
            ?? throw new InvalidDataException($"A stored object cannot be read: {Refusal.Join(problems).English}.");

    private static string Cell(InventoryObject item, string column)
    {
        if (column == CsvColumns.Oid) return item.Class.Oid;
        if (column == ObjectClass.IdField) return item.Id;
        return item.Class.IndexOf(column) is >= 0 and var index ? FieldText.ToCell(item.Values[index]) : "";
    }
}
