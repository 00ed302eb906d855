using System.Text.RegularExpressions;
using Ips.Host.Dashboard;

namespace Ips.Host.Tests.Dashboard;

/// <summary>The page has no script from elsewhere, and makes no markup of text.</summary>
[Trait("issue", "16")]
public sealed partial class DashboardPageTests
{
    [Theory]
    [InlineData("index.html")]
    [InlineData("dashboard.css")]
    [InlineData("dashboard.js")]
    public void File_OfThePage_FetchesNothingFromElsewhere(string name)
    {
        var text = DashboardPage.Text(name).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal); // a name, not an address
        Assert.DoesNotMatch("https?:|//[a-z]|@import|url\\((?!#)", Regex.Replace(text, "(?m)^ *//.*$|// .*$", ""));
    }

    [Fact]
    public void Script_OfThePage_MakesNoMarkupOfText() => Assert.DoesNotMatch(
        "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|"
        + "createContextualFragment|\\beval\\(|new Function|srcdoc|\\.cssText",
        DashboardPage.Text("dashboard.js"));

    [Fact]
    public void Html_OfThePage_HasNoInlineScriptOrStyle()
    {
        var html = DashboardPage.Text("index.html");
        Assert.DoesNotMatch("<script(?![^>]* src=)|<style|\\son[a-z]+=|\\sstyle=|javascript:", html);
        Assert.Single(Scripts().Matches(html));
    }

    [Fact]
    public void Script_OfThePage_FindsEachElementThatItNames()
    {
        var html = DashboardPage.Text("index.html");
        var ids = Ids().Matches(DashboardPage.Text("dashboard.js")).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.InRange(ids.Count, 15, 60);
        Assert.All(ids, id => Assert.Contains($"id=\"{id}\"", html, StringComparison.Ordinal));
    }

    [GeneratedRegex("<script")]
    private static partial Regex Scripts();

    [GeneratedRegex(@"\$\('([a-z-]+)'\)")]
    private static partial Regex Ids();
}
