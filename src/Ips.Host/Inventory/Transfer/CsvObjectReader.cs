using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Ips.Host.Api;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Reads CSV with a header. Holds one row at a time. The order of columns is free; a column that no class has is refused,
/// a missing one is empty.</summary>
internal static class CsvObjectReader
{
    private const int MaxCellChars = 64 * 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="oclass">The class of all rows; null takes it from the column <c>oid</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<ImportedRow> ReadAsync(Stream stream, ObjectClass? oclass, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture) { MaxFieldSize = MaxCellChars, IgnoreBlankLines = true, BadDataFound = null };
        using var text = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        using var csv = new CsvParser(text, configuration);
        string[]? header = null;
        while (true)
        {
            // The parser counts lines when it has read them; a row may span several.
            var (more, broken) = await NextAsync(csv);
            cancellationToken.ThrowIfCancellationRequested();
            if (broken is not null)
            {
                yield return new ImportedRow(csv.RawRow + 1L, null, [broken]);
                yield break; // where the next row begins cannot be told
            }
            if (!more) break;
            var record = csv.Record!;
            if (header is null)
            {
                header = Header(record);
                var wrong = CheckHeader(header, oclass);
                if (wrong.Count == 0) continue;
                yield return new ImportedRow(csv.RawRow, null, wrong);
                yield break; // every row would repeat it
            }
            yield return Row(csv.RawRow, header, record, oclass);
        }
    }

    private static async ValueTask<(bool More, Problem? Broken)> NextAsync(CsvParser csv)
    {
        try
        {
            return (await csv.ReadAsync(), null);
        }
        catch (DecoderFallbackException)
        {
            return (false, Problems.BodyNotUtf8);
        }
        catch (MaxFieldSizeException)
        {
            return (false, Problems.BadRequest(400, $"a cell is longer than {MaxCellChars} characters; is a quote missing?"));
        }
    }

    private static string[] Header(string[] record)
    {
        var header = record.Select(name => name.Trim()).ToArray();
        header[0] = header[0].TrimStart('\uFEFF');
        return header;
    }

    private static List<Problem> CheckHeader(string[] header, ObjectClass? oclass)
    {
        List<Problem> found = [];
        string[] known = [.. CsvColumns.For(oclass), CsvColumns.Version];
        found.AddRange(header.Where(name => !known.Contains(name)).Select(Problems.Unknown));
        found.AddRange(header.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => Problems.Twice(same.Key)));
        if (!header.Contains(ObjectClass.IdField)) found.Add(Problems.Missing(ObjectClass.IdField));
        if (oclass is null && !header.Contains(CsvColumns.Oid)) found.Add(Problems.Missing(CsvColumns.Oid));
        return found;
    }

    private static ImportedRow Row(long line, string[] header, string[] record, ObjectClass? oclass)
    {
        List<Problem> found = [];
        if (record.Length != header.Length) return new ImportedRow(line, null, [Problems.BadRequest(400, $"the row has {record.Length} cells, the header {header.Length}")]);
        var oid = Array.IndexOf(header, CsvColumns.Oid) is >= 0 and var at ? record[at] : oclass!.Oid;
        var actual = ObjectClass.Find(oid);
        if (actual is null || (oclass is not null && actual != oclass)) return new ImportedRow(line, null, [Problems.NotAnOid(CsvColumns.Oid)]);
        var id = record[Array.IndexOf(header, ObjectClass.IdField)];
        if (!ObjectLimits.IsId(id)) found.Add(Problems.NotAnId(ObjectClass.IdField));
        var values = new object?[actual.Fields.Count];
        for (var i = 0; i < header.Length; i++)
        {
            var field = actual.IndexOf(header[i]);
            if (field >= 0) values[field] = FieldText.ParseCell(actual.Fields[field], record[i], found);
            else if (record[i].Length > 0 && header[i] is not (CsvColumns.Oid or CsvColumns.Version or ObjectClass.IdField)) found.Add(Problems.Unknown(header[i]));
        }
        ObjectCodec.Complete(actual, values, found);
        return new ImportedRow(line, found.Count == 0 ? new InventoryObject(actual, id, values) : null, found);
    }
}
