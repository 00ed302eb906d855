using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>A line of C# has at most 140 characters, as <c>.editorconfig</c> says; the compiler does not look at it.</summary>
public sealed class LineLengthTests
{
    private const int CharactersMax = 140;

    private static readonly string[] Roots = ["src", "tests", "bench", "samples"];

    private static readonly string[] Built = ["bin", "obj", "artifacts"];

    [Fact]
    public void Sources_EachLine_IsAtMost140CharactersLong()
    {
        var files = Roots.SelectMany(root => Sources(new DirectoryInfo(Path.Combine(SourceTree.Root, root)))).ToList();
        Assert.All(Roots, root => Assert.Contains(files, file => file.StartsWith(root + '/', StringComparison.Ordinal)));
        var tooLong = files.SelectMany(file => TooLong(file, File.ReadAllText(Path.Combine(SourceTree.Root, file)))).ToList();
        Assert.True(tooLong.Count == 0, string.Join('\n', tooLong)); // Assert.Empty would cut off the line numbers
    }

    [Theory]
    [InlineData("{0}", 1)]
    [InlineData("short\n\n{0}\nshort", 3)]
    [InlineData("short\r\n{0}\r\n", 2)]
    public void Scan_OfALineAboveTheLimit_FindsIt(string source, int number)
    {
        var planted = new string('x', CharactersMax + 1);
        Assert.Equal([$"planted.cs:{number}: 141 characters"],
            TooLong("planted.cs", source.Replace("{0}", planted, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("x", "\n")]
    [InlineData("x", "\r\n")]
    [InlineData("→", "\n")] // three bytes each
    [InlineData("😀", "\n")] // two UTF-16 units each
    public void Scan_OfALineAtTheLimit_FindsNothing(string character, string end) =>
        Assert.Empty(TooLong("planted.cs", string.Concat(Enumerable.Repeat(character, CharactersMax)) + end));

    private static IEnumerable<string> Sources(DirectoryInfo folder) =>
        folder.EnumerateFiles("*.cs").Select(file => Path.GetRelativePath(SourceTree.Root, file.FullName))
            .Concat(folder.EnumerateDirectories().Where(inner => !Built.Contains(inner.Name)).SelectMany(Sources));

    /// <summary>The lines of a source that are too long, each as its file, number and length.</summary>
    private static IEnumerable<string> TooLong(string file, string source) => source.Split('\n')
        .Select((line, index) => (Length: line.TrimEnd('\r').EnumerateRunes().Count(), Number: index + 1))
        .Where(line => line.Length > CharactersMax)
        .Select(line => $"{file}:{line.Number}: {line.Length} characters");
}
