using System.Diagnostics;
using System.Reflection;

namespace Ips.Actors.Hosting;

/// <summary>What is known of the host that Ips was added to.</summary>
/// <param name="IsLinux">The operating system is Linux.</param>
/// <param name="Tool">The test framework or tool that runs the app's entry point; null if the app runs by itself.</param>
/// <param name="HasGenericHost">The host is an <c>IHost</c>; false for the old <c>WebHostBuilder</c>.</param>
/// <param name="Server">The full name of the server's type; null if it is not known yet, empty if there is none.</param>
/// <param name="IsSecondTestHost">Another host of a test process has Ips already.</param>
internal sealed record HostFacts(bool IsLinux, string? Tool, bool HasGenericHost, string? Server, bool IsSecondTestHost = false);

/// <summary>Whether Ips can work in a host. Where it cannot it is inert: the app runs as it would without Ips.</summary>
internal static class HostFit
{
    private const int MainThread = 1;
    private const string HostingListener = "Microsoft.Extensions.Hosting", HostBuilding = "HostBuilding";
    private const string TestingAssembly = "Microsoft.AspNetCore.Mvc.Testing";
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel.";
    private static readonly string[] DesignTimeTools = ["ef", "GetDocument.Insider", "dotnet-getdocument"];
    private static readonly string[] TestHosts = ["testhost", "testhost.x86", "ReSharperTestRunner", "vstest.console"];

    /// <summary>Why Ips is inert; null where it works.</summary>
    public static string? InertReason(HostFacts facts) => facts switch
    {
        { IsLinux: false } => "the operating system is not Linux",
        { Tool: { } tool } => $"{tool} runs this app",
        { HasGenericHost: false } => "the app is built by WebHostBuilder, which has no IHost",
        { Server: "" } => "the app has no web server",
        { Server: { } server } when !server.StartsWith(Kestrel, StringComparison.Ordinal) => $"the web server is {server}, not Kestrel",
        { IsSecondTestHost: true } => "another host of this test process uses it",
        _ => null,
    };

    /// <summary>The tool that runs this app's entry point, if one does.</summary>
    public static string? FindTool()
    {
        if (EntryName is { } entry && DesignTimeTools.Contains(entry)) return entry;
        if (AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == TestingAssembly)) return TestingAssembly;

        // HostFactoryResolver, which tests, `dotnet ef` and generators of OpenAPI documents share, runs an entry point on a thread of its
        // own and listens for the host that it builds. Libraries of an app that listen as well do so on another thread.
        if (Thread.CurrentThread.IsThreadPoolThread || Environment.CurrentManagedThreadId == MainThread) return null;
        using var probe = new DiagnosticListener(HostingListener);
        return probe.IsEnabled(HostBuilding) ? "a tool" : null;
    }

    /// <summary>This process runs tests, which may build many hosts.</summary>
    public static bool IsTestProcess => EntryName is { } entry && TestHosts.Contains(entry);

    private static string? EntryName => Assembly.GetEntryAssembly()?.GetName().Name;
}
