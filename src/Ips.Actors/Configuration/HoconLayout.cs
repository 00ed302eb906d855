namespace Ips.Actors.Configuration;

/// <summary>Where the keys of a HOCON text stand.</summary>
/// <param name="Keys">Each key that is given a value, in the order of the text; a key given twice is listed twice.</param>
/// <param name="Faults">What is wrong with the text, or not supported in it.</param>
internal sealed record HoconLayout(IReadOnlyList<HoconKey> Keys, IReadOnlyList<HoconFault> Faults)
{
    /// <summary>The line of the value that counts, which is the last one given to this path; 0 if there is none.</summary>
    internal int LineOf(IReadOnlyList<string> path) => Keys.LastOrDefault(key => key.Path.SequenceEqual(path, StringComparer.Ordinal))?.Line ?? 0;
}

/// <summary>One key.</summary>
/// <param name="Path">Its whole path, without quotes.</param>
/// <param name="Line">The line that it stands on, from 1.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Scalar">The value's text without quotes; null if it is a block or a list.</param>
internal sealed record HoconKey(IReadOnlyList<string> Path, int Line, HoconKind Kind, string? Scalar);

/// <summary>The kinds of value.</summary>
internal enum HoconKind
{
    /// <summary>A number, word or string.</summary>
    Scalar,

    /// <summary>A list in square brackets.</summary>
    List,

    /// <summary>A block in braces.</summary>
    Block,
}

/// <summary>Something that is wrong with the text.</summary>
/// <param name="Line">The line that it stands on, from 1.</param>
/// <param name="Message">What it is, as one sentence.</param>
internal sealed record HoconFault(int Line, string Message);
