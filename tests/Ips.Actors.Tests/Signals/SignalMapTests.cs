using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Signals;

namespace Ips.Actors.Tests.Signals;

/// <summary>The operator's contract.</summary>
public sealed class SignalMapTests
{
    [Theory]
    [InlineData(SignalNumbers.SIGUSR2, false, "SIGUSR2")]
    [InlineData(SignalNumbers.SIGHUP, true, "SIGHUP")]
    public void Meaning_Reloads_CheckTheConfigurationOnlyOnHup(int signal, bool checkFirst, string source) =>
        Assert.Equal(new LifecycleProtocol.Reload(source, checkFirst) { Trigger = ReloadTrigger.Signal }, SignalMap.Meaning(signal));

    [Theory]
    [InlineData(SignalNumbers.SIGTERM, "SIGTERM")]
    [InlineData(SignalNumbers.SIGINT, "SIGINT")]
    [InlineData(SignalNumbers.SIGQUIT, "SIGQUIT")]
    public void Meaning_Stops_NameTheirSignal(int signal, string source) =>
        Assert.Equal(new LifecycleEvent.StopRequested(source), SignalMap.Meaning(signal));

    [Fact]
    public void Meaning_Usr1_ReopensTheLog() => Assert.IsType<LifecycleEvent.LogReopenRequested>(SignalMap.Meaning(SignalNumbers.SIGUSR1));

    [Fact]
    public void Handled_EachSignal_HasAMeaningAndAName() =>
        Assert.All(SignalMap.Handled, signal =>
        {
            Assert.NotNull(SignalMap.Meaning(signal));
            Assert.Equal(SignalNumbers.Name(signal), SignalMap.Name(signal));
        });

    [Fact]
    public void Meaning_UnknownSignal_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SignalMap.Meaning(SignalNumbers.SIGCHLD));
        Assert.Equal("signal 17", SignalMap.Name(SignalNumbers.SIGCHLD));
    }
}
