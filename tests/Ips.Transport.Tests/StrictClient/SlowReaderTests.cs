using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

public sealed class SlowReaderTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(Misbehaviour.None, null)]
    [InlineData(Misbehaviour.ClosePolitely, null)]
    [InlineData(Misbehaviour.Refuse, FailureKind.Refused)]
    [InlineData(Misbehaviour.CutContentLength, FailureKind.EofInsideResponse)]
    [InlineData(Misbehaviour.CutChunked, FailureKind.EofInsideResponse)]
    [InlineData(Misbehaviour.CloseBeforeResponse, FailureKind.EofBeforeResponse)]
    [InlineData(Misbehaviour.WrongBody, FailureKind.WrongLength)]
    [InlineData(Misbehaviour.WrongLength, FailureKind.WrongLength)]
    [InlineData(Misbehaviour.WrongStatus, FailureKind.WrongStatus)]
    internal async Task Finish_Server_IsJudged(Misbehaviour behaviour, FailureKind? failure)
    {
        await using var server = MisbehavingServer.Start(behaviour);
        await using var reader = await SlowReader.StartAsync(Options(server));
        var result = await reader.FinishAsync().WaitAsync(Limit);

        Assert.Equal(failure, result.Failure);
        Assert.Equal(failure is null, result.Detail.Length == 0);
        Assert.Equal(behaviour == Misbehaviour.ClosePolitely, result.SaidClose);
        if (failure is null) Assert.Equal(128 * 1024, result.BodyBytes);
    }

    [Fact]
    public async Task Finish_ServerCutsWhatItHasNotSentYet_IsAReset()
    {
        // What pitfall 1 (docs/pitfalls.md) looks like from outside: the last bytes were written, but the close threw them away.
        await using var server = MisbehavingServer.Start(Misbehaviour.ResetUntold);
        await using var reader = await SlowReader
            .StartAsync(Options(server) with { SizeBytes = 1024 * 1024, ReadInterval = TimeSpan.FromMilliseconds(5) });
        var result = await reader.FinishAsync().WaitAsync(Limit);

        Assert.Equal(FailureKind.Reset, result.Failure);
        Assert.InRange(result.BodyBytes, 1, (1024 * 1024) - 1);
    }

    private static SlowReaderOptions Options(MisbehavingServer server) => new()
    {
        Target = server.Target, SizeBytes = 128 * 1024, ReadInterval = TimeSpan.FromMilliseconds(2),
    };
}
