namespace Ips.Actors.Tests.Support;

/// <summary>A folder of its own for one test, gone after it. Short, because a Unix socket's path has at most 107 bytes.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ips-t-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
