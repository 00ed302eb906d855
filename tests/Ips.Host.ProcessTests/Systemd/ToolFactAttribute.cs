namespace Ips.Host.ProcessTests.Systemd;

/// <summary>A fact that needs a program of this machine; shown as skipped, with the reason, where it is missing.</summary>
public sealed class ToolFactAttribute : FactAttribute
{
    /// <param name="tool">The program's path.</param>
    public ToolFactAttribute(string tool) => Skip = File.Exists(tool) ? null : $"{tool} is not installed";
}
