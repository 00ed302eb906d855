namespace Ips.Host.Inventory.Transfer;

/// <summary>The forms of files that go in and out.</summary>
internal enum TransferFormat
{
    /// <summary>One JSON object a line, UTF-8.</summary>
    JsonLines,

    /// <summary>RFC 4180 with a header, UTF-8; the elements of a list are joined with <c>;</c>.</summary>
    Csv,
}
