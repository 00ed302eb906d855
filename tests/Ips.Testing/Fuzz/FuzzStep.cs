namespace Ips.Testing.Fuzz;

/// <summary>What a client of the fuzz does next.</summary>
internal abstract record FuzzStep
{
    /// <summary>Sends bytes, in one call.</summary>
    public sealed record Send(ReadOnlyMemory<byte> Bytes) : FuzzStep;

    /// <summary>Lets time pass.</summary>
    public sealed record Pause(TimeSpan Time) : FuzzStep;

    /// <summary>Waits for so many answers since the connection began.</summary>
    public sealed record AwaitAnswers(int Count) : FuzzStep;

    /// <summary>Waits for the 100 to a request, by its number from 0, or for its answer.</summary>
    public sealed record AwaitContinue(int Request) : FuzzStep;
}
