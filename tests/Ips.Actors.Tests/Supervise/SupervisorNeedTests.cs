
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Supervise;

namespace Ips.Actors.Tests.Supervise;

/// <summary>When a process becomes a supervisor although nobody asked for it.</summary>
public sealed class SupervisorNeedTests
{
    [Theory]
    [InlineData(1, false, null, null, true)] // a container's PID 1
    [InlineData(77, true, null, null, true)] // a terminal
    [InlineData(77, false, null, null, false)]
    [InlineData(77, true, ActivationParser.PidVariable, "77", false)] // sockets were passed to this process alone
    [InlineData(77, true, ActivationParser.PidVariable, "76", true)] // to another one: the shell was started so
    [InlineData(1, true, ActivationParser.PidVariable, "1", true)] // its end would end the container, whatever was passed
    [InlineData(77, true, HandoverVariables.Fd, "3", false)]
    [InlineData(77, true, HandoverVariables.StartFd, "4", false)]
    [InlineData(77, true, HandoverVariables.SupervisorPid, "70", false)]
    public void IsNeeded_ByPidTerminalAndVariables(int pid, bool onTerminal, string? name, string? value, bool needed) =>
        Assert.Equal(needed, SupervisorProcess.IsNeeded(variable => variable == name ? value : null, pid, onTerminal));
}
