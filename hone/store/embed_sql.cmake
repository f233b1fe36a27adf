# Writes OUTPUT: a C++ file that defines NAME as the text of INPUT. Run by the build: cmake -DINPUT=… -DOUTPUT=… -DNAME=… -P.
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "// Made from the .sql file by embed_sql.cmake.\nextern const char* const ${NAME};\nconst char* const ${NAME} = R\"__sql__(${text})__sql__\";\n")
