using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace MvcLogin.Controllers;

/// <summary>The cart of who is logged in: it is in the session.</summary>
[Authorize]
public sealed class CartController : Controller
{
    private const string Key = "cart";

    /// <summary>Shows it.</summary>
    public IActionResult Index() => View(Items);

    /// <summary>Puts something into it.</summary>
    [HttpPost]
    public IActionResult Add(string item)
    {
        HttpContext.Session.SetString(Key, string.Join('\n', [.. Items, item]));
        return RedirectToAction(nameof(Index));
    }

    private string[] Items => HttpContext.Session.GetString(Key)?.Split('\n') ?? [];
}
