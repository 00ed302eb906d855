using System.Globalization;

namespace Ips.Actors.Diagnostics;

/// <summary>A number of things in a log message: <c>{Count:socket}</c> reads "1 socket" or "2 sockets". As a field of the event it is the
/// number. Pure.</summary>
/// <remarks>A class: .NET's logging would be compiled anew for a structure, at each start.</remarks>
internal sealed record Quantity(long Value) : IFormattable
{
    public static implicit operator Quantity(int value) => new(value);

    public static implicit operator Quantity(long value) => new(value);

    public override string ToString() => ToString(null, null);

    /// <param name="format">The things in the singular, whose plural ends in s; null or empty for the number alone.</param>
    /// <param name="formatProvider">Not used: a log has one language.</param>
    public string ToString(string? format, IFormatProvider? formatProvider)
    {
        var number = Value.ToString(CultureInfo.InvariantCulture);
        return string.IsNullOrEmpty(format) ? number : $"{number} {format}{(Value == 1 ? "" : "s")}";
    }
}
