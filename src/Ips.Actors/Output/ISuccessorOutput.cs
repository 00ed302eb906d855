namespace Ips.Actors.Output;

/// <summary>What a successor writes to stdout and stderr, on its way through the predecessor.</summary>
internal interface ISuccessorOutput
{
    /// <summary>Passes on what the successor has written so far, and answers the last lines of it.</summary>
    IReadOnlyList<string> Sync();

    /// <summary>Passes on what the successor has written so far, then reads no more: the successor does from now on.</summary>
    /// <returns>The beginnings of the lines that have not ended; empty when asked again.</returns>
    (byte[] Output, byte[] Error) HandOver();

    /// <summary>Holds a release that does not serve to a budget of output, which it may use up at its start: what is beyond it is dropped
    /// and counted.</summary>
    /// <param name="limited">True at first, and once it is given up.</param>
    void Limit(bool limited);

    /// <summary>It is gone and was never promoted: passes on what is there, and leaves nobody to read what a process that it has left
    /// behind writes.</summary>
    void Close();
}
