using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>A daemon behind <c>current</c>, whose releases are shell scripts: a good one becomes the built daemon, a bad one does what the
/// test says.</summary>
public abstract class ReceiptTest(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>The program that the service is started by.</summary>
    protected string Current => Path.Combine(Folder, "current");

    /// <summary>The path of a release's script.</summary>
    protected string ReleaseFile(string name) => Path.Combine(Folder, $"release-{name}");

    /// <summary>Puts a release in place.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="before">What its script does first.</param>
    /// <param name="serves">Whether it becomes the daemon then.</param>
    protected void Put(string name, string before = "", bool serves = true)
    {
        var become = serves ? $"exec -a \"$0\" '{Path.Combine(Binaries.IpsFolder, Binaries.Ips)}' \"$@\"" : "";
        Executable.Write(ReleaseFile(name), $"#!/bin/bash\n{before}\n{become}\n");
        File.Delete(Current);
        File.CreateSymbolicLink(Current, ReleaseFile(name));
    }

    private protected async Task<Service> StartAsync(TimeSpan? probation = null, TimeSpan? healthInterval = null,
        params IReadOnlyList<string> more) => await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Program = Current, Probation = probation ?? TimeSpan.Zero, HealthInterval = healthInterval ?? TimeSpan.FromSeconds(5),
            More = more,
        });

    private protected static Task<CommandResult> CommandAsync(Service service, params IReadOnlyList<string> arguments) =>
        IpsCommand.RunAsync([.. arguments, "--config", service.ConfigFile]);

    private protected static async Task<(int ExitCode, ReloadReceipt Receipt)> ReloadAsync(Service service,
        params IReadOnlyList<string> options)
    {
        var result = await CommandAsync(service, ["reload", "--json", .. options]);
        Assert.True(result.Output.Count == 1, result.ToString());
        return (result.ExitCode, JsonSerializer.Deserialize(result.Output[0], ControlJson.Default.ReloadReceipt)!);
    }

    private protected static async Task<IReadOnlyList<ReloadReceipt>> HistoryAsync(Service service)
    {
        var result = await CommandAsync(service, "history", "--json");
        Assert.Equal(0, result.ExitCode);
        return JsonSerializer.Deserialize(Assert.Single(result.Output), ControlJson.Default.IReadOnlyListReloadReceipt)!;
    }
}
