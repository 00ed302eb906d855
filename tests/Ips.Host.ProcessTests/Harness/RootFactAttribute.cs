using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A test that only root can run; skipped, with the reason, for anybody else.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (Syscall.geteuid() != 0) Skip = "Only root may do what this test needs, such as giving a file to another user.";
    }
}
