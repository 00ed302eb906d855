using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Takeover;

/// <summary>A service that can be taken over, and processes that it has not started.</summary>
public abstract class TakeoverTest(ITestOutputHelper output) : ProcessTest(output)
{
    private protected const int Nobody = 65534, Members = 47111; // a user without rights, and a group that has no name
    private const FilePermissions AllOfGroup = (FilePermissions)0b111_111_000, Passable = (FilePermissions)0b111_101_101,
        AllWrite = (FilePermissions)0b110_110_110;

    private readonly List<DaemonProcess> _candidates = [];

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var candidate in _candidates)
        {
            Output.WriteLine($"--- output of the takeover {candidate.Pid}{Environment.NewLine}{candidate.OutputTail()}");
            await candidate.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    /// <summary>The handover socket of a service.</summary>
    private protected static string SocketOf(Service service) => Path.Combine(service.Folder, "takeover.sock");

    /// <summary>A daemon that can be taken over, not started yet.</summary>
    /// <param name="settings">Of the daemon or the app.</param>
    /// <param name="group">Whose members may; null for nobody but the own user and root.</param>
    private protected Service PrepareOffering(ServiceSettings settings, int? group = null)
    {
        Service? service = null;
        service = Prepare(settings with { More = new Lines(() => Offer(settings.Kind, SocketOf(service!), group)) });
        return service;
    }

    /// <summary>Starts it; returns when it can be taken over, a moment after it is the main process.</summary>
    private protected static async Task StartOfferingAsync(Service service)
    {
        var mark = service.Log.Mark;
        await service.StartAsync();
        await service.Log.WaitForAsync(mark, EventIds.TakeoverOffered);
    }

    /// <summary>Lets the members of the group work in the service's folder.</summary>
    private protected void Share(Service service)
    {
        Assert.Equal(0, Syscall.chmod(Folder, Passable));
        Assert.Equal(0, Syscall.chown(service.Folder, 0, Members));
        Assert.Equal(0, Syscall.chmod(service.Folder, AllOfGroup));
        File.WriteAllText(service.Log.Path, "");
        Assert.Equal(0, Syscall.chmod(service.Log.Path, AllWrite));
    }

    /// <summary>Starts a process that is no child of the service's; <paramref name="prefix"/> is what starts it, such as setpriv.</summary>
    private protected DaemonProcess Launch(
        Service service, ServiceKind kind, string? socket = null, IReadOnlyList<string>? prefix = null, ServiceSettings? settings = null,
            int? group = null)
    {
        socket ??= SocketOf(service);
        settings ??= new ServiceSettings(kind);
        settings = settings with { More = Offer(kind, SocketOf(service), group) };
        var config = Path.Combine(service.Folder, $"takeover{_candidates.Count}.conf");
        IReadOnlyList<string> urls = [$"http://127.0.0.1:{service.Port}"];
        List<string> command = [.. prefix ?? []];
        if (kind == ServiceKind.Daemon)
        {
            File.WriteAllText(config, settings.ToHocon(urls, service.PidFile));
            command.AddRange([Binaries.IpsPath, "run", "--config", config, "--log-file", service.Log.Path, "--takeover", socket]);
        }
        else
        {
            command.AddRange([Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp),
                .. settings.ToArguments(urls, service.PidFile, service.Log.Path), $"--Ips:Takeover:From={socket}"]);
        }

        var candidate = DaemonProcess.Start(command[0], command[1..], service.Processes.Environment);
        _candidates.Add(candidate);
        return candidate;
    }

    /// <summary>As <paramref name="user"/>, with one supplementary group or none.</summary>
    private protected static IReadOnlyList<string> As(int user, int? group) =>
        ["setpriv", Text($"--reuid={user}"), Text($"--regid={user}"), group is null ? "--clear-groups" : Text($"--groups={group}")];

    /// <summary>Waits until a generation is the main process, by the log.</summary>
    private protected static Task WaitForMainAsync(Service service, int generation) =>
        service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == generation,
            $"generation {generation} as the main process");

    /// <summary>All that a refused process may leave: its exit code and one line.</summary>
    private protected static async Task<string> AssertRefusedAsync(DaemonProcess candidate)
    {
        Assert.Equal(1, await candidate.WaitForExitAsync(Limits.Step));
        await candidate.WaitForOutputEndAsync(Limits.Step);
        return Assert.Single(candidate.Lines).Text;
    }

    private protected static LoadOptions Load(Service service) => FaultScene.LightLoad(service.Target) with
    {
        StreamWorkers = 0,
        UploadWorkers = 0,
        IdleIntervalMax = TimeSpan.FromMilliseconds(500),
    };

    private static IReadOnlyList<string> Offer(ServiceKind kind, string socket, int? group) => kind == ServiceKind.Daemon
        ? [$"ips.takeover.socket = \"{socket}\"", .. group is null ? Array.Empty<string>() : [Text($"ips.takeover.group = \"{group}\"")]]
        : [$"--Ips:Takeover:Socket={socket}", .. group is null ? Array.Empty<string>() : [Text($"--Ips:Takeover:Group={group}")]];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // The folder of a service is known once it is prepared, and its settings are given before.
    private sealed class Lines(Func<IReadOnlyList<string>> lines) : IReadOnlyList<string>
    {
        public int Count => lines().Count;

        public string this[int index] => lines()[index];

        public IEnumerator<string> GetEnumerator() => lines().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
