using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using CsvHelper;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Reads CSV with a header, as RFC 4180 has it and in UTF-8; a byte order mark, bare line feeds and blank lines are accepted.
/// Holds one row at a time.
/// The order of columns is free; a column that no class has is refused, a missing one is empty.</summary>
internal static class CsvObjectReader
{
    /// <summary>Longest row, bytes: an object is far smaller, so a longer row is not one.</summary>
    internal const int MaxRowBytes = 1024 * 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="oclass">The class of all rows; null takes it from the column <c>oid</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<ImportedRow> ReadAsync(Stream stream, ObjectClass? oclass,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ImportedRow? malformed = null;
        // The header is a record like others, since it is checked here. A record that breaks a rule is reported, not thrown: the message is
        // ours.
        var options = new CsvReaderOptions
        {
            Separator = ',',
            HasHeader = false,
            TrackLineNumbers = true,
            MaxRecordSize = MaxRowBytes,
            OnMalformedRecord = record =>
                malformed ??= new ImportedRow(record.LineNumber, null, [Refusals.Malformed(Rule(record.Reason))]),
        };
        await using var csv = CsvReader.Create(stream, options, leaveOpen: true);
        string[]? header = null;
        while (true)
        {
            var (more, tooLong) = await NextAsync(csv, cancellationToken);
            if (tooLong is not null || malformed is not null)
            {
                yield return malformed ?? new ImportedRow(tooLong!.Value, null,
                    [Refusals.Malformed($"the row is longer than {MaxRowBytes} bytes; is a quote missing?")]);
                yield break; // where the next row begins cannot be told
            }
            if (!more) break;
            if (!Utf8.IsValid(csv.RawRecord))
            {
                yield return new ImportedRow(csv.LineNumber, null, [Refusals.BodyNotUtf8]);
                yield break;
            }
            var record = new string[csv.FieldCount];
            for (var i = 0; i < record.Length; i++) record[i] = CsvFormulas.Unescape(csv.GetString(i));
            if (header is null)
            {
                header = Array.ConvertAll(record, name => name.Trim());
                var wrong = CheckHeader(header, oclass);
                if (wrong.Count == 0) continue;
                yield return new ImportedRow(csv.LineNumber, null, wrong);
                yield break; // every row would repeat it
            }
            yield return Row(csv.LineNumber, header, record, oclass);
        }
        if (header is null) yield return new ImportedRow(1, null,
            [Refusals.Malformed("the file is empty; CSV begins with a row of column names")]);
    }

    // In an iterator nothing can be caught.
    private static async ValueTask<(bool More, long? TooLong)> NextAsync(CsvReader csv, CancellationToken cancellationToken)
    {
        try
        {
            return (await csv.ReadAsync(cancellationToken), null);
        }
        catch (CsvFormatException e)
        {
            return (false, e.LineNumber);
        }
    }

    private static string Rule(CsvMalformedReason reason) => reason switch
    {
        CsvMalformedReason.UnterminatedQuote => "a quoted cell begins in this row and never ends; is the file cut off?",
        CsvMalformedReason.TextAfterClosingQuote =>
            "there is text after the closing quote of a cell; a quote within a cell is written twice",
        _ => "there is a quote in a cell that does not begin with one; a cell with quotes is quoted as a whole, and each quote within it "
            + "written twice",
    };

    private static List<Refusal> CheckHeader(string[] header, ObjectClass? oclass)
    {
        List<Refusal> found = [];
        string[] known = [.. CsvColumns.For(oclass), CsvColumns.Version];
        found.AddRange(header.Where(name => !known.Contains(name)).Select(Refusals.Unknown));
        found.AddRange(header.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => Refusals.Twice(same.Key)));
        if (!header.Contains(ObjectClass.IdField)) found.Add(Refusals.Missing(ObjectClass.IdField));
        if (oclass is null && !header.Contains(CsvColumns.Oid)) found.Add(Refusals.Missing(CsvColumns.Oid));
        return found;
    }

    private static ImportedRow Row(long line, string[] header, string[] record, ObjectClass? oclass)
    {
        List<Refusal> found = [];
        if (record.Length != header.Length) return new ImportedRow(line, null,
            [Refusals.Malformed($"the row has {Wording.Counted(record.Length, "cell")}, the header {header.Length}")]);
        var oid = Array.IndexOf(header, CsvColumns.Oid) is >= 0 and var at ? record[at] : oclass!.Oid;
        var actual = ObjectClass.Find(oid);
        if (actual is null || (oclass is not null && actual != oclass)) return new ImportedRow(line, null,
            [Refusals.OidFault(CsvColumns.Oid, oid, oclass)]);
        var id = record[Array.IndexOf(header, ObjectClass.IdField)];
        if (!ObjectLimits.IsId(id)) found.Add(Refusals.NotAnId(ObjectClass.IdField));
        var values = new object?[actual.Fields.Count];
        for (var i = 0; i < header.Length; i++)
        {
            var field = actual.IndexOf(header[i]);
            if (field >= 0) values[field] = FieldText.ParseCell(actual.Fields[field], record[i], found);
            else if (record[i].Length > 0 && header[i] is not (CsvColumns.Oid or CsvColumns.Version or ObjectClass.IdField)) found
                .Add(Refusals.Unknown(header[i]));
        }
        ObjectCodec.Complete(actual, values, found);
        return new ImportedRow(line, found.Count == 0 ? new InventoryObject(actual, id, values) : null, found);
    }
}

/// <summary>The columns of CSV files.</summary>
internal static class CsvColumns
{
    /// <summary>Column of the class.</summary>
    public const string Oid = "oid";

    /// <summary>Accepted and ignored.</summary>
    public const string Version = "version";

    /// <summary>The columns of an export: of one class, or of all with the fields of every class once; the other addresses come
    /// last.</summary>
    public static IReadOnlyList<string> For(ObjectClass? oclass) =>
        [Oid, ObjectClass.IdField, .. (oclass is null ? ObjectClass.All : [oclass]).SelectMany(c => c.Fields)
            .OrderBy(f => f.IsOther).Select(f => f.Name).Distinct()];
}

/// <summary>Keeps spreadsheets from running a cell as a formula: a <c>'</c> before a character that begins one makes it a text. Pure;
/// what <see cref="Unescape"/> reads is what was escaped.</summary>
/// <remarks>The characters are those that OWASP names ("CSV Injection"). They count at the beginning of a cell, and after each <c>;</c>,
/// where a spreadsheet of many languages begins the next cell.</remarks>
internal static partial class CsvFormulas
{
    /// <summary>The cell to write for a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keep">Write formulas as they are. One that has a <c>'</c> before it already gets another also then, so that the text
    /// comes back.</param>
    public static string Escape(string text, bool keep) => (keep ? Escaped() : Formula()).Replace(text, "'$0");

    /// <summary>The text that a cell was written for.</summary>
    public static string Unescape(string cell) => Escaped().Replace(cell, match => match.Value[1..]);

    [GeneratedRegex(@"(?<=\A|;)'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]", RegexOptions.CultureInvariant)]
    private static partial Regex Formula();

    [GeneratedRegex(@"(?<=\A|;)'+[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]", RegexOptions.CultureInvariant)]
    private static partial Regex Escaped();
}
