using System.Text.RegularExpressions;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>A log is read line by line: its texts are short sentences.</summary>
public sealed partial class LogTextTests
{
    private const int MaxLength = 100;

    [Fact]
    public void LogTexts_Length_IsAtMostOneHundred()
    {
        var texts = Texts().ToList();
        Assert.InRange(texts.Count, 100, int.MaxValue); // the scan finds them
        Assert.DoesNotContain(texts, text => text.Length > MaxLength);
    }

    [Fact]
    public void LogTexts_End_IsAFullStopOrAFieldThatHasOne() =>
        Assert.DoesNotContain(Texts(), text => !text.EndsWith('.') && !text.EndsWith('}'));

    private static IEnumerable<string> Texts() =>
        Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Attribute().Matches(File.ReadAllText(file)))
            .Select(match => string.Concat(match.Groups["part"].Captures.Select(part => Regex.Unescape(part.Value))));

    [GeneratedRegex("""\[LoggerMessage\([^"]*(?:"(?<part>(?:[^"\\\\]|\\\\.)*)"[\s+]*)+\)""")]
    private static partial Regex Attribute();
}
