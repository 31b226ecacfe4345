import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.vcs import GitUrl, GitUrlError


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/infra",
        "https://github.com/acme/infra.git",
        "https://git.example.com:8443/a/b/c.git/",
        "https://gist.github.com/0123abcd.git",
        "https://[2001:db8::1]/infra.git",
    ],
)
def test_an_address_over_https_is_taken_as_it_is(text: str) -> None:
    assert str(GitUrl(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "-https://github.com/a/b",
        "http://github.com/a/b",
        "file:///etc/passwd",
        "git://github.com/a/b",
        "ext::sh -c id",
        "https://",
        "https:///a/b",
        "https://github.com",
        "https://github.com/",
        "https://user:secret@github.com/a/b",
        "https://token@github.com/a/b",
        "https://github.com/a/b#main",
        "https://github.com/a/b#",
        "https://github.com/a/b?x=1",
        "https://github.com/a b",
        "https://github.com/a/b\n",
        "https://github.com/a%0ab/c",
        "https://github.com\\@evil.example/a",
        "https://github.com:99999/a/b",
        "https://github.com:0/a/b",
        "https://-oops/a/b",
        "https://[::1/a",
        "https://github.com/a/../b",
        "https://exämple.com/a/b",
        "https://github.com/" + "a" * 2048,
    ],
)
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(GitUrlError):
        GitUrl(text)


@pytest.mark.parametrize(
    "text", ["ssh://git@github.com/a/b", "git@github.com:a/b.git", "git+ssh://h/a"]
)
def test_ssh_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(GitUrlError, match="use https"):
        GitUrl(text)


def test_a_password_is_never_repeated() -> None:
    with pytest.raises(GitUrlError) as caught:
        GitUrl("https://ada:hunter2@github.com/a/b")

    assert "hunter2" not in f"{caught.value} {caught.value.facts}"


@given(st.text(max_size=80) | st.from_regex(r"https://[^\s]{0,60}"))
def test_whatever_passes_is_plain_https_without_secrets(text: str) -> None:
    try:
        url = str(GitUrl(text))
    except GitUrlError:
        return
    assert url.startswith("https://")
    assert url.isascii()
    assert url.isprintable()
    assert not set(url) & set(" \\#?")
    assert "@" not in url.split("/")[2]
