using System.Collections.Concurrent;
using System.Reflection;
using Ips.Actors.Handover;
using Ips.Actors.Output;

namespace Ips.Actors.Launch;

/// <summary>Which generation this process is, and what its predecessor handed over. <see cref="GenerationStart"/> makes it.</summary>
internal sealed class GenerationContext
{
    /// <summary>The generation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>How this generation was started, and the next will be.</summary>
    public required StartCommand StartCommand { get; init; }

    /// <summary>The channel to the predecessor; null in a first generation, and in one whose predecessor died before it said
    /// welcome.</summary>
    public HandoverChannel? Predecessor { get; init; }

    /// <summary>The predecessor's effective user, as the kernel says.</summary>
    public uint PredecessorUser { get; init; }

    /// <summary>The predecessor did not start this process.</summary>
    public bool IsTakeover { get; init; }

    /// <summary>The predecessor died before it said welcome.</summary>
    public bool Orphaned { get; init; }

    /// <summary>What the predecessor said.</summary>
    public WelcomeFrame? Welcome { get; init; }

    /// <summary>The configuration of the predecessor, key by key; null where it did not say: an older release, a restart, a process from
    /// outside.</summary>
    public IReadOnlyDictionary<string, string>? FormerSettings { get; init; }

    /// <summary>The listening sockets handed over, with their descriptors.</summary>
    public IReadOnlyList<OfferedSocket> Offers { get; init; } = [];

    /// <summary>The service manager's sockets that <see cref="Offers"/> came from; null if it passed none, and in a successor.</summary>
    public SocketActivation? Activation { get; init; }

    /// <summary>How the service manager wants to hear of us; null if there is none that does.</summary>
    public NotifySettings? Manager { get; init; }

    /// <summary>Stdout and stderr, while they are pipes to the predecessor; null in a first generation.</summary>
    public InheritedOutput? Output { get; init; }

    /// <summary>The supervisor, if this process runs under one.</summary>
    public SupervisorLink? Supervisor { get; init; }

    /// <summary>The predecessor's process group, which this process joins when it is the main one: a terminal's ^C and hang-up go to that
    /// one. Null if this process
    /// does not lead a group of its own beside it.</summary>
    public int? HomeGroup { get; init; }

    /// <summary>The PID lock's descriptor, if it was handed over.</summary>
    public int? LockFd { get; init; }

    /// <summary>The control socket's descriptor, if it was handed over.</summary>
    public int? ControlFd { get; init; }

    /// <summary>The version of the entry assembly, a commit id in it shortened to 8 characters.</summary>
    public static string Release { get; } = Shorten(
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");

    /// <summary>The file name of the entry assembly. Not by its location, which is empty in a single file.</summary>
    public static string EntryFile { get; } = $"{Assembly.GetEntryAssembly()?.GetName().Name}.dll";

    /// <summary>What the app tells a successor, by name.</summary>
    public ConcurrentDictionary<string, string> Facts { get; } = new(StringComparer.Ordinal);

    /// <summary>The generation of a host in which Ips is inert.</summary>
    public static GenerationContext Only { get; } =
        new() { Number = 1, StartCommand = new StartCommand("", [], "", new Dictionary<string, string>()) };

    /// <summary>Whether a predecessor has welcomed this process, which it has spawned or which takes over.</summary>
    public bool IsSuccessor => Predecessor is not null;

    private static string Shorten(string version) =>
        version.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus && version.Length > plus + 9 ? version[..(plus + 9)] : version;
}
