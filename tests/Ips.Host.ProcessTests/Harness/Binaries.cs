namespace Ips.Host.ProcessTests.Harness;

/// <summary>The executables under test, of the same configuration as the tests, published as they are deployed: the tests start them
/// hundreds of times.</summary>
internal static class Binaries
{
    /// <summary>The file name of the daemon.</summary>
    public const string Ips = "ips";

    /// <summary>The file name of the app that calls <c>AddIps()</c>.</summary>
    public const string SampleApp = "Ips.SampleApp";

    /// <summary>The folder of the daemon.</summary>
    public static string IpsFolder { get; } = FolderOf("Ips.Host", Ips);

    /// <summary>The daemon.</summary>
    public static string IpsPath { get; } = Path.Combine(IpsFolder, Ips);

    /// <summary>The folder of the sample app.</summary>
    public static string SampleAppFolder { get; } = FolderOf("Ips.SampleApp", SampleApp);

    /// <summary>The gateway on YARP.</summary>
    public static string GatewayPath { get; } = Path.Combine(FolderOf("Ips.GatewayApp", "Ips.GatewayApp"), "Ips.GatewayApp");

    /// <summary>An app of each kind: <c>dotnet PATH KIND</c> starts it. Built and not published, but for what it shares with the sample
    /// app.</summary>
    public static string AppKindsPath { get; } = Path.Combine(FolderOf("Ips.AppKinds", "Ips.AppKinds.dll"), "Ips.AppKinds.dll");

    /// <summary>A sample, the same way: <c>dotnet PATH</c> starts it.</summary>
    /// <param name="name">Its folder in samples.</param>
    public static string SamplePath(string name) => Path.Combine(FolderOf(name, $"{name}.dll"), $"{name}.dll");

    /// <summary>The <c>dotnet</c> that the tests themselves run on.</summary>
    public static string DotNet { get; } = Path.GetFullPath(Path.Combine(
        System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    // The tests lie in artifacts/bin/Ips.Host.ProcessTests/<configuration>/, and these in artifacts/publish/<project>/<configuration>/.
    private static string FolderOf(string project, string file)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var folder = Path.Combine(own.Parent!.Parent!.Parent!.FullName, "publish", project, own.Name);
        return File.Exists(Path.Combine(folder, file)) ? folder
            : throw new FileNotFoundException($"There is no {file} in {folder}; build the solution first.");
    }
}
