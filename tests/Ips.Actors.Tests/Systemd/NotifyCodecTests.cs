using System.Text;
using Ips.Actors.Launch;
using Ips.Actors.Systemd;

namespace Ips.Actors.Tests.Systemd;

public sealed class NotifyCodecTests
{
    [Fact]
    public void Encode_Everything_IsALineEach() => Assert.Equal(
        "MAINPID=7\nRELOADING=1\nMONOTONIC_USEC=12\nREADY=1\nSTOPPING=1\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=1500000\nSTATUS=It is ß.\n",
        Text(new NotifyMessage
        {
            MainPid = 7, ReloadingAtUsec = 12, Ready = true, Stopping = true, Watchdog = true, ExtendTimeout = TimeSpan.FromSeconds(1.5),
            Status = "It is ß.",
        }));

    [Fact]
    public void Encode_StatusWithLines_IsOneLine() => Assert
        .Equal("STATUS=one STOPPING=1 two\n", Text(new NotifyMessage { Status = "one\nSTOPPING=1\0two" }));

    [Fact]
    public void Encode_LongStatus_IsCut() => Assert.Equal("STATUS=".Length + 300 + 1,
        Text(new NotifyMessage { Status = new string('x', 5000) }).Length);

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("/run/notify", null, null, "/run/notify -")]
    [InlineData("@abstract", "6000000", null, "@abstract 6")]
    [InlineData("/n", "6000000", "99", "/n 6")]
    [InlineData("/n", "6000000", "98", "/n -")] // another process's watchdog
    [InlineData("/n", "six", "99", "/n -")]
    [InlineData("vsock:2:1", "6000000", "99", null)]
    public void Read_Environment_IsUnderstood(string? socket, string? watchdog, string? pid, string? expected) =>
        Assert.Equal(expected, Describe(Read(socket, watchdog, pid, inherits: false)));

    [Fact]
    public void Read_Successor_InheritsTheWatchdog() => Assert.Equal("/n 6", Describe(Read("/n", "6000000", "98", inherits: true)));

    private static NotifySettings? Read(string? socket, string? watchdog, string? pid, bool inherits) => NotifySettings.Read(
        name => name switch { "NOTIFY_SOCKET" => socket, "WATCHDOG_USEC" => watchdog, "WATCHDOG_PID" => pid, _ => null }, pid: 99, inherits,
            supervisorPid: null);

    private static string? Describe(NotifySettings? settings) =>
        settings is null ? null : $"{settings.Socket} {(settings.WatchdogInterval is { } interval ? $"{interval.TotalSeconds}" : "-")}";

    private static string Text(NotifyMessage message) => Encoding.UTF8.GetString(NotifyCodec.Encode(message));
}
