"""Start ministack, the local AWS emulator, with the gaps closed that our stacks need.

ministack (pinned in ../requirements-emulator.txt, because this hooks its private functions) deploys SAM templates and
runs real `bootstrap` binaries. Where it does less than AWS, or something else, each module beside this one replaces the
function in question; every replacement names the AWS document it follows. What stays different is listed in
docs/emulator-gaps.md.

Run by stack.py with a clean environment: Lambda processes inherit all of it.
"""

import ministack.app

import apis
import authority
import authorizers
import caches
import delivery
import functions
import piping
import resources
import rest
import rest_tokens
import streams
import tokens
import workflows


def main() -> None:
    """Install every replacement, then serve until killed."""
    for module in (authority, resources, caches, functions, delivery, workflows, streams, piping, apis, tokens, rest, rest_tokens, authorizers):
        module.install()
    ministack.app.main()


if __name__ == "__main__":
    main()
