using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Ips.Actors.Configuration;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>What needs Linux says so, and the compiler (CA1416, an error) keeps everything else from reaching it: on Windows and macOS
/// <c>AddIps()</c> is inert.</summary>
[Trait("issue", "14")]
public sealed partial class PlatformTests
{
    [Fact]
    public void SystemCalls_EachType_IsForLinuxAlone()
    {
        var types = typeof(IpsOptions).Assembly.GetTypes()
            .Where(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
                | BindingFlags.DeclaredOnly).Any(method => method.GetCustomAttribute<DllImportAttribute>() is not null))
            .ToList();
        Assert.NotEmpty(types);
        Assert.DoesNotContain(types, type => !IsForLinux(type));
    }

    [Fact]
    public void ProcFiles_EachSourceFile_IsForLinuxAlone()
    {
        var files = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src/Ips.Actors"), "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: path, Text: File.ReadAllText(path))).Where(file => ProcPath().IsMatch(file.Text)).ToList();
        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, file => !file.Text.Contains("[SupportedOSPlatform(\"linux\")]", StringComparison.Ordinal));
    }

    [Fact]
    public void PublicSurface_NoMember_AsksForASystem() => Assert.DoesNotContain(
        typeof(IpsOptions).Assembly.GetExportedTypes().SelectMany(type => type.GetMembers().Prepend(type)),
        member => member.IsDefined(typeof(SupportedOSPlatformAttribute)));

    private static bool IsForLinux(Type? type) =>
        type is not null && (type.IsDefined(typeof(SupportedOSPlatformAttribute)) || IsForLinux(type.DeclaringType));

    [GeneratedRegex("\"/(proc|dev|sys)/")]
    private static partial Regex ProcPath();
}
