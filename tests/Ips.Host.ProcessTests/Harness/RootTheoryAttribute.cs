using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A theory that only root can run; skipped, with the reason, for anybody else.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute()
    {
        if (Syscall.geteuid() != 0) Skip = "Only root may act as another user.";
    }
}
