from kotaku.storage import HashedModulesStorage


def test_a_module_imports_another_by_the_name_that_changes_with_it(tmp_path):
    (tmp_path / "page.js").write_text('import { borders } from "./shapes.js";\nborders();\n')
    (tmp_path / "shapes.js").write_text("export function borders() {}\n")
    files = HashedModulesStorage(location=tmp_path, base_url="/static/")
    list(files.post_process({name: (files, name) for name in ("page.js", "shapes.js")}))
    assert f'from "./{files.stored_name("shapes.js")}"' in (tmp_path / files.stored_name("page.js")).read_text()
