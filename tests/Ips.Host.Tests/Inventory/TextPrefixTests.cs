using System.Text;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Inventory;

/// <summary>The texts that begin with a prefix are exactly those from it up to its end, by their UTF-8 bytes.</summary>
[Trait("issue", "12")]
public sealed class TextPrefixTests
{
    private static readonly string[] Texts =
        [.. from a in Parts from b in Parts from c in Parts select a + b + c];

    private static string[] Parts => ["", "a", "b", "Z", "\u007f", "\u0080", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010fffe",
        "\U0010ffff"];

    [Fact]
    public void End_OfAnyPrefix_IsTheLeastTextAbove()
    {
        foreach (var prefix in Texts.Where(text => text.Length > 0).Distinct())
        {
            var end = TextPrefix.End(prefix);
            foreach (var text in Texts)
                Assert.True(text.StartsWith(prefix, StringComparison.Ordinal) == (Compare(text, prefix) >= 0
                    && (end is null || Compare(text, end) < 0)), $"'{prefix}', '{end}', '{text}'");
        }
    }

    private static int Compare(string one, string other) =>
        Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(other));
}
