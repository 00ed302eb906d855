namespace Ips.Actors.Output;

/// <summary>What a successor writes to stdout and stderr, on its way through the predecessor.</summary>
internal interface ISuccessorOutput
{
    /// <summary>Passes on what the successor has written so far, and answers the last lines of it.</summary>
    IReadOnlyList<string> Sync();

    /// <summary>Passes on what the successor has written so far, then reads no more: the successor does from now on.</summary>
    /// <returns>The beginnings of the lines that have not ended; empty when asked again.</returns>
    (byte[] Output, byte[] Error) HandOver();
}
