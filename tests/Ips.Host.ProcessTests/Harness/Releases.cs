using System.Text.Json.Nodes;
using Ips.Testing.Processes;
using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Releases side by side, and the link <c>current</c> to the one that is in place, as deployments lay them out.</summary>
internal sealed class Releases(string folder)
{
    /// <summary>The link.</summary>
    public string Current => Path.Combine(folder, "current");

    /// <summary>The path of something in a release.</summary>
    public string PathOf(string release, string file = "") => Path.Combine(folder, "releases", release, file);

    /// <summary>Copies a build, and gives it a name that it tells when asked (<c>release.txt</c> beside it, and
    /// <c>appsettings.json</c>).</summary>
    public void AddBuild(string release, string builtFolder)
    {
        Copy(builtFolder, PathOf(release));
        File.WriteAllText(PathOf(release, "release.txt"), release);
        Configure(release);
    }

    /// <summary>Writes a release's <c>appsettings.json</c>: its name, and what else is given, as JSON members.</summary>
    public void Configure(string release, string members = "") => File.WriteAllText(
        PathOf(release, "appsettings.json"), $$"""{ "Release": "{{release}}"{{(members.Length > 0 ? ", " : "")}}{{members}} }""");

    /// <summary>Makes a copy of the sample app a build of other handover versions, by its <c>runtimeconfig.json</c>.</summary>
    public void SpeakVersions(string release, int min, int max)
    {
        var path = PathOf(release, $"{Binaries.SampleApp}.runtimeconfig.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        var properties = json["runtimeOptions"]!["configProperties"]!;
        (properties["Ips.Handover.MinVersion"], properties["Ips.Handover.MaxVersion"]) = ($"{min}", $"{max}");
        File.WriteAllText(path, json.ToJsonString());
    }

    /// <summary>Puts a mark into a release, see Ips.SampleApp's ReleaseFolder.</summary>
    public void Mark(string release, string mark) => File.WriteAllText(PathOf(release, mark), "");

    /// <summary>Takes a mark away.</summary>
    public void Unmark(string release, string mark) => File.Delete(PathOf(release, mark));

    /// <summary>Points the link to a release, in one step.</summary>
    public void SwitchTo(string release)
    {
        var next = $"{Current}.next";
        Check(Syscall.symlink($"releases/{release}", next), "symlink");
        Check(Stdlib.rename(next, Current), "rename");
    }

    /// <summary>Copies a folder with all in it.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) Executable.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var inner in Directory.EnumerateDirectories(from)) Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
    }

    private static void Check(int result, string call)
    {
        if (result != 0) throw new IOException($"{call}: {Stdlib.strerror(Stdlib.GetLastError())}");
    }
}
