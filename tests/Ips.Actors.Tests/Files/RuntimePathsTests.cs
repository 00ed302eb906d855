using Ips.Actors.Files;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Files;

/// <summary>Tests that change the environment of the process run alone.</summary>
[CollectionDefinition(nameof(ProcessEnvironment), DisableParallelization = true)]
public sealed class ProcessEnvironment;

/// <summary>Where an app that names no PID file keeps it.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class RuntimePathsTests : IDisposable
{
    private static readonly string[] Names = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"];

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly TemporaryFolder _folder = new();
    private const string Program = "/srv/app/current/App.dll", SharedName = "app-38bdc210.pid"; // a part of the path's SHA-256

    private readonly List<(string Reason, string Folder)> _told = [];
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    public RuntimePathsTests() => Set(null, null);

    [Fact]
    public void DefaultPidFile_RuntimeDirectory_ComesFirst()
    {
        Directory.CreateDirectory(_folder.File("xdg"));
        Set($"{_folder.Path}:/run/second", _folder.File("xdg"));
        Assert.Equal(_folder.File("my.app.pid"), Default("my.app"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative/folder")]
    [InlineData("/nowhere/at/all")]
    public void DefaultPidFile_RuntimeDirectoryUnusable_IsTheUsersRuntimeFolder(string? runtimeDirectory)
    {
        Set(runtimeDirectory, _folder.Path);
        Assert.Equal(_folder.File(SharedName), Default("app"));
    }

    [Fact]
    public void DefaultPidFile_NeitherSet_IsAFolderOfOurOwn()
    {
        var expected = _folder.File($"ips-{ProcessAttributes.EffectiveUserId}");
        Assert.Equal(Path.Combine(expected, SharedName), Default("app"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(expected));
        Assert.Equal(Path.Combine(expected, SharedName), Default("app")); // it is there already
    }

    [Theory]
    [InlineData("open")]
    [InlineData("link")]
    [InlineData("file")]
    [Trait("issue", "11")]
    public void DefaultPidFile_FolderIsNotOursAlone_IsOneThatNobodyCanGuess(string what)
    {
        var folder = _folder.File($"ips-{ProcessAttributes.EffectiveUserId}");
        if (what == "open")
        {
            Directory.CreateDirectory(folder);
            File.SetUnixFileMode(folder, OwnerOnly | UnixFileMode.OtherWrite);
        }
        else if (what == "link")
        {
            Directory.CreateDirectory(_folder.File("target"), OwnerOnly);
            Directory.CreateSymbolicLink(folder, _folder.File("target"));
        }
        else
        {
            File.WriteAllText(folder, "");
        }

        var (first, second) = (Default("app"), Default("app"));
        Assert.NotEqual(first, second);
        Assert.StartsWith($"{folder}-", first, StringComparison.Ordinal);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.GetDirectoryName(first)!));
        Assert.Equal(2, _told.Count);
        Assert.Contains(folder, _told[0].Reason, StringComparison.Ordinal);
        Assert.Equal(Path.GetDirectoryName(first), _told[0].Folder);
        if (what == "link") Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.File("target")));
    }

    [Fact]
    [Trait("issue", "11")]
    public void DefaultPidFile_RuntimeFolderIsOpenToAll_IsPassedOver()
    {
        var open = Directory.CreateDirectory(_folder.File("open")).FullName;
        File.SetUnixFileMode(open, OwnerOnly | UnixFileMode.OtherWrite);
        Set(null, open);
        Assert.Equal(Path.Combine(_folder.File($"ips-{ProcessAttributes.EffectiveUserId}"), SharedName), Default("app"));
        Assert.Contains("$XDG_RUNTIME_DIR", Assert.Single(_told).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("My.App-1", "My.App-1")]
    [InlineData("../../etc/passwd", "_.._etc_passwd")]
    [InlineData("Grüße der App", "Gr__e_der_App")]
    [InlineData("...", "app")]
    [InlineData("", "app")]
    public void FileName_AnyName_StaysInItsFolder(string name, string expected) => Assert.Equal(expected, RuntimePaths.FileName(name));

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        _folder.Dispose();
    }

    [Fact]
    [Trait("issue", "14")]
    public void DefaultPidFile_TwoCopiesOfAnApp_DifferByTheirPlace()
    {
        Set(null, _folder.Path);
        Assert.NotEqual(Default("app"), Default("app", "/srv/copy/App.dll"));
        Assert.Equal(Default("app"), Default("app")); // the same over releases behind one link
    }

    private string Default(string name, string program = Program) =>
        RuntimePaths.DefaultPidFile(name, program, (reason, folder) => _told.Add((reason, folder)));

    private void Set(string? runtimeDirectory, string? xdgRuntimeDirectory)
    {
        Environment.SetEnvironmentVariable("RUNTIME_DIRECTORY", runtimeDirectory);
        Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", xdgRuntimeDirectory);
        Environment.SetEnvironmentVariable("TMPDIR", _folder.Path);
    }
}
