using Microsoft.AspNetCore.Mvc;

namespace MvcLogin.Controllers;

/// <summary>The page for everybody.</summary>
public sealed class HomeController : Controller
{
    /// <summary>Shows who is logged in.</summary>
    public IActionResult Index() => View();
}
