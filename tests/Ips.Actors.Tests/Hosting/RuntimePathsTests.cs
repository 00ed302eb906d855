using Ips.Actors.Hosting;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Hosting;

/// <summary>Tests that change the environment of the process run alone.</summary>
[CollectionDefinition(nameof(ProcessEnvironment), DisableParallelization = true)]
public sealed class ProcessEnvironment;

/// <summary>Where an app that names no PID file keeps it.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class RuntimePathsTests : IDisposable
{
    private static readonly string[] Names = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    public RuntimePathsTests() => Set(null, null);

    [Fact]
    public void DefaultPidFile_RuntimeDirectory_ComesFirst()
    {
        Directory.CreateDirectory(_folder.File("xdg"));
        Set($"{_folder.Path}:/run/second", _folder.File("xdg"));
        Assert.Equal(_folder.File("my.app.pid"), RuntimePaths.DefaultPidFile("my.app"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative/folder")]
    [InlineData("/nowhere/at/all")]
    public void DefaultPidFile_RuntimeDirectoryUnusable_IsTheUsersRuntimeFolder(string? runtimeDirectory)
    {
        Set(runtimeDirectory, _folder.Path);
        Assert.Equal(_folder.File("app.pid"), RuntimePaths.DefaultPidFile("app"));
    }

    [Fact]
    public void DefaultPidFile_NeitherSet_IsAFolderOfOurOwn()
    {
        var expected = _folder.File($"ips-{ProcessAttributes.EffectiveUserId}");
        Assert.Equal(Path.Combine(expected, "app.pid"), RuntimePaths.DefaultPidFile("app"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(expected));
        Assert.Equal(Path.Combine(expected, "app.pid"), RuntimePaths.DefaultPidFile("app")); // it is there already
    }

    [Fact]
    public void DefaultPidFile_FolderOpenToOthers_IsRefused()
    {
        var folder = _folder.File($"ips-{ProcessAttributes.EffectiveUserId}");
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        var refusal = Assert.Throws<IOException>(() => RuntimePaths.DefaultPidFile("app"));
        Assert.Contains("Ips:PidFile", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultPidFile_FolderIsALink_IsRefused()
    {
        Directory.CreateDirectory(_folder.File("target"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateSymbolicLink(_folder.File($"ips-{ProcessAttributes.EffectiveUserId}"), _folder.File("target"));
        Assert.Throws<IOException>(() => RuntimePaths.DefaultPidFile("app"));
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

    private void Set(string? runtimeDirectory, string? xdgRuntimeDirectory)
    {
        Environment.SetEnvironmentVariable("RUNTIME_DIRECTORY", runtimeDirectory);
        Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", xdgRuntimeDirectory);
        Environment.SetEnvironmentVariable("TMPDIR", _folder.Path);
    }
}
