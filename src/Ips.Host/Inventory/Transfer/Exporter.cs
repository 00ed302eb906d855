using System.Globalization;
using System.Text;
using CsvHelper;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Writes the objects of a store, as of one moment, in a form that <see cref="Importer"/> reads. Holds one object at a time.</summary>
internal static class Exporter
{
    /// <summary>Writes all objects, or those of one class.</summary>
    /// <returns>How many.</returns>
    public static async Task<long> RunAsync(IObjectStore store, ObjectClass? oclass, TransferFormat format, Stream output, Action<long> onProgress, CancellationToken cancellationToken)
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
        await using var text = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true);
        await using var csv = new CsvWriter(text, CultureInfo.InvariantCulture, leaveOpen: true);
        foreach (var column in columns) csv.WriteField(column);
        await csv.NextRecordAsync();
        await foreach (var stored in store.ExportAsync(oclass, cancellationToken))
        {
            var item = Item(stored);
            foreach (var column in columns) csv.WriteField(Cell(item, column));
            await csv.NextRecordAsync();
            onProgress(++count);
        }
        return count;
    }

    /// <summary>The object that a stored body holds.</summary>
    public static InventoryObject Item(StoredObject stored) =>
        ObjectCodec.Read(stored.Body.Span, null, null, out var problems) ?? throw new InvalidDataException($"A stored object cannot be read: {Api.Problem.Join(problems).English}.");

    private static string Cell(InventoryObject item, string column)
    {
        if (column == CsvColumns.Oid) return item.Class.Oid;
        if (column == ObjectClass.IdField) return item.Id;
        return item.Class.IndexOf(column) is >= 0 and var index ? FieldText.ToCell(item.Values[index]) : "";
    }
}
