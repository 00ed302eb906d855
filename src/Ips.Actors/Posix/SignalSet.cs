using System.Runtime.CompilerServices;

namespace Ips.Actors.Posix;

/// <summary>sigset_t: bit n-1 of the first word is signal n.</summary>
[InlineArray(Libc.SignalSetSizeBytes / sizeof(ulong))]
internal struct SignalSet
{
    private ulong _word;

    internal static SignalSet Of(params ReadOnlySpan<int> signals)
    {
        var set = default(SignalSet);
        foreach (var signal in signals)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(signal);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(signal, SignalNumbers.Last);
            set[0] |= 1UL << (signal - 1);
        }

        return set;
    }

    internal readonly bool Contains(int signal) => (this[0] & 1UL << (signal - 1)) != 0;
}
