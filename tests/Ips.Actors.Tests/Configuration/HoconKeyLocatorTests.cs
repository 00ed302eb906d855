using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class HoconKeyLocatorTests
{
    [Theory]
    [InlineData("ips { drain { timeout = 30s } }", 1, "30s")]
    [InlineData("ips {\n  drain {\n    timeout = 30s\n  }\n}", 3, "30s")]
    [InlineData("ips.drain.timeout : 30s", 1, "30s")]
    [InlineData("# a comment = {\n// another \" one\nips.drain { timeout: 30s }", 3, "30s")]
    [InlineData("{\n\"ips\" : { \"drain\" : { \"timeout\" : \"30s\" } }\n}", 2, "30s")]
    [InlineData("ips.drain.lame-duck = 1s, ips.drain.timeout = 30 s # why\n", 1, "30 s")]
    [InlineData("ips.drain.timeout = 1s\nips.drain.timeout = 2s", 2, "2s")]
    [InlineData("ips = {\r\n  drain = {\r\n    timeout = 30s\r\n  }\r\n}\r\n", 3, "30s")]
    [InlineData("ips.x = \"\"\"a\nb \"q\" = {\n\"\"\"\nips.drain.timeout = 30s", 4, "30s")]
    [InlineData("ips.urls = [\n \"a\", # first\n \"b\"\n c ,\n]\nips.drain.timeout = 30s", 6, "30s")]
    [InlineData("\uFEFFips.drain.timeout = 30s", 1, "30s")]
    [InlineData("ips.drain.timeout = \"\"\"3\\t\"\"\"", 1, "3\\t")]
    public void Locate_UsualForms_FindsTheLineOfTheValueThatIsRead(string text, int line, string value)
    {
        var layout = HoconKeyLocator.Locate(text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimStart('\uFEFF'));
        Assert.Empty(layout.Faults);
        Assert.Equal(line, layout.LineOf(["ips", "drain", "timeout"]));

        List<string?> read = [];
        var table = new ConfigTable<List<string?>>([ConfigKey
            .Text<List<string?>>("ips.drain.timeout", _ => null, (o, v) => o.Add(v), "a text", _ => null)], []);
        var problems = HoconFile.Parse(text, "/etc/ips.conf").Read(table, read, null);
        Assert.All(problems, problem => Assert.Contains("is not a known key", problem.Message, StringComparison.Ordinal));
        Assert.Equal([value], read);
    }

    [Fact]
    public void Locate_AllKinds_AreTold()
    {
        var layout = HoconKeyLocator.Locate("a { b = [1, 2] }\nc = \"x\\ty \\u0041\\\"\"\n\"d.e\".f = true\n\"\\u0041\" = 1");

        Assert.Equal([("a", 1, true), ("a/b", 1, false), ("c", 2, false), ("d.e/f", 3, false), ("A", 4, false)],
            layout.Keys.Select(key => (string.Join('/', key.Path), key.Line, key.IsBlock)));
    }

    [Theory]
    [InlineData("ips {\n drain {\n timeout = 1s\n}\n", 1, "never closed")]
    [InlineData("ips { a = 1 }\n}", 2, "closes no block")]
    [InlineData("{ ips.a = 1 }\nb = 2", 2, "after the end of the document")]
    [InlineData("ips.a = 1\nips.drain timeout", 2, "'=', ':' or '{' is expected")]
    [InlineData("ips.a = 1\nips.b\n", 2, "'=', ':' or '{' is expected after the key b")]
    [InlineData("ips.a =\nips.b = 2", 1, "a has no value")]
    [InlineData("ips.a = [1,\n2", 1, "list of a is never closed")]
    [InlineData("\nips.a = \"abc\nips.b = 1", 2, "string that begins here is never closed")]
    [InlineData("\nips.a = \"\"\"abc\n", 2, "string that begins here is never closed")]
    [InlineData("ips.a = \"\\d\"", 1, "is no escape")]
    [InlineData("ips.a = \"\\u00g0\"", 1, "is no escape")]
    [InlineData("ips.a = 30\u00A0s", 1, "put it in double quotes")]
    [InlineData("ips.a += 1", 1, "'+=' is not supported")]
    [InlineData("ips.a = http://x:1", 1, "contains ':'; put it in double quotes")]
    [InlineData("ips.a = 1 ]", 1, "']' is not expected here")]
    [InlineData("ips.a = [ { b = 1 } ]", 1, "a list of blocks")]
    [InlineData("ips..a = 1", 1, "a key is expected here, not '.'")]
    [InlineData("= 3", 1, "a key is expected here, not '='")]
    [InlineData("ips.a = 1,,ips.b = 2", 1, "no key before this ','")]
    [InlineData("ips.a \"x\"", 1, "is expected after the key a")]
    public void Locate_BrokenSyntax_NamesTheLine(string text, int line, string message)
    {
        var fault = Assert.Single(HoconKeyLocator.Locate(text).Faults);
        Assert.Equal(line, fault.Line);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Locate_IncludesAndSubstitutions_AreAllRefusedWithTheirLines()
    {
        var layout = HoconKeyLocator
            .Locate("include \"other.conf\"\nips.a = ${HOME}\nips.b = pre-${?x}-post\ninclude file(\"y\")\nips.included = 1");

        Assert.Equal([1, 2, 3, 4], layout.Faults.Select(fault => fault.Line));
        Assert.Equal(["include", "${...}", "${...}", "include"],
            layout.Faults.Select(fault => fault.Message.Contains("include", StringComparison.Ordinal) ? "include" : "${...}"));
        Assert.Equal(5, layout.LineOf(["ips", "included"]));
    }

    [Fact]
    public void Locate_DeepNesting_IsRefusedNotFatal()
    {
        var blocks = HoconKeyLocator.Locate(string.Concat(Enumerable.Repeat("a {", 100_000)));
        Assert.Contains("nested deeper", Assert.Single(blocks.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Locate_EveryPrefixOfAFile_EndsWithoutAnException()
    {
        const string text = "# c\nips {\n a = \"x\\u0041\", b : [1, \"2\"] // c\n c.\"d e\" = \"\"\"t\n\"\"\"\n e = ${x}\n}\ninclude "
            + "\"y\"\n";
        for (var length = 0; length <= text.Length; length++) Assert.NotNull(HoconKeyLocator.Locate(text[..length]));
    }
}
