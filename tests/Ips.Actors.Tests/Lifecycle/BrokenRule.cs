using System.Globalization;
using System.Runtime.CompilerServices;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>What a broken rule says, made only if it is broken: a walk asks some million times, and states and events are long in
/// words.</summary>
[InterpolatedStringHandler]
internal ref struct BrokenRule
{
    private DefaultInterpolatedStringHandler _text;

    /// <param name="literalLength">From the compiler.</param>
    /// <param name="formattedCount">From the compiler.</param>
    /// <param name="holds">Whether the rule holds, so that nothing is to be said.</param>
    /// <param name="isWanted">Whether the text is made.</param>
    public BrokenRule(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        _text = holds ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    /// <summary>The text; once.</summary>
    public string Take() => _text.ToStringAndClear();
}
