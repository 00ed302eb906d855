using System.Reflection;
using System.Runtime.InteropServices;
using Ips.Actors.Posix;

namespace Ips.Actors.SelfReload;

/// <summary>The shared .NET runtime that this process runs on, and what has become of it on disk. A package manager replaces it under
/// running processes; they fail when they load an assembly that is gone.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RuntimeOnDisk
{
    private readonly IReadOnlyList<Framework> _frameworks;

    private RuntimeOnDisk(IReadOnlyList<Framework> frameworks) => _frameworks = frameworks;

    /// <summary>The runtime of this process, as it is now; null if the app brings its own, which is then part of its release.</summary>
    public static RuntimeOnDisk? OfThisProcess() => Of(RuntimeEnvironment.GetRuntimeDirectory(),
        Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Builder.WebApplication).Assembly.Location));

    /// <summary>The frameworks in these folders.</summary>
    /// <param name="folders">Each <c>…/shared/NAME/VERSION</c>; others are left out.</param>
    internal static RuntimeOnDisk? Of(params IReadOnlyList<string?> folders)
    {
        List<Framework> found = [];
        foreach (var folder in folders.OfType<string>().Select(folder => folder.TrimEnd('/')).Distinct(StringComparer.Ordinal))
        {
            if (Framework.TryTake(folder) is { } framework) found.Add(framework);
        }

        return found.Count == 0 ? null : new(found);
    }

    /// <summary>How the runtime on disk differs from the one that runs; null if it does not, or if there is none to start with.</summary>
    public DiskChange? Change()
    {
        var changes = _frameworks.Select(framework => framework.Change()).ToList();
        // In the middle of an upgrade the folder is empty, and nothing could be started.
        if (changes.Exists(change => change is { Usable: false })) return null;
        var changed = changes.OfType<Framework.Found>().ToList();
        return changed.Count == 0 ? null : new(string.Join('|', changed.Select(change => change.Key)), changed[0].What);
    }

    /// <summary>Loads all that the assemblies of this process refer to, so that a process whose runtime was removed can still hand
    /// over.</summary>
    public static void LoadAll()
    {
        HashSet<string> known = new(StringComparer.Ordinal);
        Queue<Assembly> open = new(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic));
        while (open.TryDequeue(out var assembly))
        {
            foreach (var name in assembly.GetReferencedAssemblies())
            {
                if (!known.Add(name.FullName)) continue;
                try
                {
                    open.Enqueue(Assembly.Load(name));
                }
                catch (Exception e) when (e is IOException or BadImageFormatException)
                {
                    // A reference that the app never follows, and need not have.
                }
            }
        }
    }

    private sealed record Framework(string Folder, Version Version, FileIdentity Core)
    {
        // Each framework has one file that names it, and is replaced with it.
        private static readonly string[] s_cores = ["System.Private.CoreLib.dll", "Microsoft.AspNetCore.dll"];

        internal sealed record Found(bool Usable, string Key, string What);

        internal static Framework? TryTake(string folder) =>
            Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(folder))) == "shared"
                && Version.TryParse(Path.GetFileName(folder), out var version) && CoreOf(folder) is { } core
                ? new(folder, version, core) : null;

        // Null if it is as it was.
        internal Found? Change()
        {
            var root = Path.GetDirectoryName(Folder)!;
            var newest = Newest(root);
            if (newest is null) return new(false, "", "");
            var core = CoreOf(Path.Combine(root, newest.ToString()));
            if (core is null) return new(false, "", "");
            if (newest == Version && core == Core) return null;
            var what = newest == Version ? $"the .NET runtime {Version} was replaced on disk"
                : $"the .NET runtime {newest} is installed, {Version} runs";
            return new(true, $"{newest} {core}", what);
        }

        // The one that a start would choose: the newest patch of the same major and minor version.
        private Version? Newest(string root)
        {
            try
            {
                return Directory.EnumerateDirectories(root).Select(folder => Version.TryParse(Path.GetFileName(folder), out var version)
                    ? version : null).Where(version => version?.Major == Version.Major && version.Minor == Version.Minor).Max();
            }
            catch (IOException)
            {
                return null;
            }
        }

        // At each start: no LINQ over structures, which would have to be compiled.
        private static FileIdentity? CoreOf(string folder)
        {
            foreach (var name in s_cores)
            {
                if (FileIdentity.OfPath(Path.Combine(folder, name)) is { } file) return file;
            }

            return null;
        }
    }
}
