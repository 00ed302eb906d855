
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

public sealed class FailureReportTests
{
    [Fact]
    public void OneLine_OfAList_IsOneLine() =>
        Assert.Equal("2 errors: a.conf:1: x b.conf:2: y", FailureReport.OneLine("2 errors:\n  a.conf:1: x\r\n\n  b.conf:2: y\n"));

    [Fact]
    public void Describe_Exception_SaysEachMessageOnce()
    {
        var inner = new IOException("No such file.", new IOException("The store is gone."));
        var exception = new InvalidOperationException("The store is gone.", inner);
        Assert.Equal("it ended with an unhandled InvalidOperationException: The store is gone. No such file.",
            FailureReport.Describe(exception));
    }
}
