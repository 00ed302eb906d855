using Ips.Actors.Diagnostics;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Diagnostics;

public sealed partial class QuantityTests
{
    private readonly RecordingLog _log = new();

    [Theory]
    [InlineData(0, "0 held sockets")]
    [InlineData(1, "1 held socket")]
    [InlineData(12345, "12345 held sockets")]
    public void Message_CountsThings_InTheRightNumber(int count, string expected)
    {
        Held(_log, count, 7L);
        Assert.Equal($"Kept {expected} of 7 ports.", Assert.Single(_log.Entries).Text);
    }

    [Fact]
    public void Format_NoThings_IsTheNumberAlone() => Assert.Equal("12345", $"{new Quantity(12345)}");

    [LoggerMessage(1, LogLevel.Information, "Kept {Count:held socket} of {Ports:port}.")]
    private static partial void Held(ILogger logger, Quantity count, Quantity ports);
}
