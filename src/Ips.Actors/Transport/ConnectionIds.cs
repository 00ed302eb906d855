namespace Ips.Actors.Transport;

/// <summary>Short ids for logs: unique in this process, and hardly ever the same in two processes.</summary>
internal static class ConnectionIds
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV"; // sorts as it counts

    // Seeded by the clock, so that a successor does not start where its predecessor did.
    private static long s_last = DateTime.UtcNow.Ticks;

    public static string Next() => string.Create(13, Interlocked.Increment(ref s_last), static (text, number) =>
    {
        for (var i = text.Length - 1; i >= 0; i--, number >>= 5)
            text[i] = Digits[(int)(number & 31)];
    });
}
