using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.Fleet;
using Ips.Host.Tests.Cli;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Host.Tests.Fleet;

/// <summary>A service of release <c>1</c> in a deploy folder, behind a real control socket: what it answers is up to the test.</summary>
internal sealed class FakeService : IDisposable
{
    private readonly FakeControlSocket _socket;

    public FakeService()
    {
        foreach (var release in new[] { "releases/0", "releases/1", "releases/2" })
        {
            Directory.CreateDirectory(Path.Combine(Folder, release));
            File.Copy("/bin/true", Path.Combine(Folder, release, "App"));
        }

        File.CreateSymbolicLink(Path.Combine(Folder, "current"), "releases/1");
        _socket = new FakeControlSocket(PidFile + ".sock", Answer);
        Driver = NewDriver();
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("ips-").FullName;

    public string PidFile => Path.Combine(Folder, "app.pid");

    public ServiceDriver Driver { get; }

    /// <summary>The release that serves; null for a service without releases.</summary>
    public string? Serves { get; set; } = "1";

    /// <summary>What the service is busy with, for the next looks at it.</summary>
    public Queue<string> Busy { get; } = new();

    public List<ReloadReceipt> History { get; } = [];

    /// <summary>Answers a request for a reload or a check; null closes the connection without an answer.</summary>
    public Func<ControlRequest, ControlEvent?> OnReload { get; set; } = _ => throw new InvalidOperationException("not expected");

    /// <summary>The snapshots of the next watches, one list each.</summary>
    public Queue<IReadOnlyList<WatchSnapshot>> Watches { get; } = new();

    public string Current => new FileInfo(Path.Combine(Folder, "current")).LinkTarget!;

    public DeployJournal Journal => DeployJournal.TryRead(Path.Combine(Folder, "releases"));

    /// <summary>What was asked beside status and history.</summary>
    public IEnumerable<string> Asked => _socket.Requests.Where(request =>
        !request.Contains("\"status\"", StringComparison.Ordinal) && !request.Contains("\"history\"", StringComparison.Ordinal));

    public ServiceDriver NewDriver() => new(PidFile, null, TimeProvider.System, NullLogger.Instance);

    /// <summary>A receipt.</summary>
    public static ReloadReceipt Receipt(string outcome, string? id, string? release, string? reason = null) =>
        new(outcome, 10, 1, id is null ? null : 11, 2, reason, DateTimeOffset.UnixEpoch, 5) { RequestId = id, Deployed = release };

    /// <summary>The service carries a request out.</summary>
    public ControlEvent? Promote(ControlRequest request)
    {
        Serves = request.Release ?? Serves;
        return Remember(Receipt("promoted", request.Id, request.Release));
    }

    /// <summary>The event that ends the answer to a reload.</summary>
    public ControlEvent Remember(ReloadReceipt receipt)
    {
        if (receipt.RequestId is not null) History.Add(receipt);
        return new ControlEvent("receipt") { Receipt = receipt };
    }

    public void WriteJournal(DeployJournal journal) =>
        File.WriteAllBytes(Path.Combine(Folder, "releases", DeployJournal.FileName), journal.Encode());

    public void Dispose()
    {
        _socket.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private string Answer(string line)
    {
        var request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest)!;
        IEnumerable<ControlEvent> events = request.Verb switch
        {
            "status" => [new ControlEvent("status") { Status = Status(), Final = true }],
            "history" => [new ControlEvent("history") { History = History, Final = true }],
            "watch" => Watches.TryDequeue(out var watch) ? watch.Select(snapshot => new ControlEvent("watch") { Watch = snapshot }) : [],
            _ => OnReload(request) is { } answer ? [answer with { Final = true }] : [],
        };
        return string.Concat(events.Select(one =>
            JsonSerializer.Serialize(one, ControlJson.Default.ControlEvent) + "\n"));
    }

    private DaemonStatus Status() => new(10, 1, "Serving", "1.2.3", DateTimeOffset.UnixEpoch, [], 0, 0)
    {
        Phase = Busy.TryDequeue(out var busy) ? busy : null,
        Deployment = Serves is null ? null : new Deployment(Folder, "App") { Serves = Serves, Current = Current[9..] },
    };
}
