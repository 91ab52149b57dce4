/**
 * Names of twelve cultures for generated notes. They are chosen apart from the lists of the rules: about two given names in
 * three are not in them, so that the measured recall is that of names never seen.
 */
export const cultures: Readonly<
  Record<string, { readonly given: readonly string[]; readonly family: readonly string[] }>
> = {
  english: {
    given: ['Margaret', 'Harriet', 'Clive', 'Winifred', 'Rupert', 'Nigel', 'Susan', 'Beatrix', 'Thomas'],
    family: ['Hathaway', 'Pemberton', 'Lockhart', 'Ashdown', 'Whitcombe', 'Thornbury', 'Okell'],
  },
  spanish: {
    given: ['Carlos', 'Ximena', 'Itzel', 'Rodrigo', 'Guadalupe', 'Nayeli', 'Ignacio', 'Elena'],
    family: ['Villanueva', 'Arredondo', 'Quintanilla', 'Zambrano', 'Echeverria', 'Benavides'],
  },
  chinese: {
    given: ['Xiuying', 'Guoqiang', 'Wei', 'Yutong', 'Zhihao', 'Meiling'],
    family: ['Ouyang', 'Zheng', 'Xu', 'Huang', 'Shen', 'Luo'],
  },
  indian: {
    given: ['Priya', 'Venkatesh', 'Ananya', 'Harpreet', 'Gopal', 'Shreya'],
    family: ['Krishnamurthy', 'Chatterjee', 'Banerjee', 'Subramanian', 'Dhillon', 'Mehta'],
  },
  arabic: {
    given: ['Fatima', 'Abdulrahman', 'Rania', 'Samir', 'Huda', 'Tariq'],
    family: ['Haddad', 'Mansour', 'Khoury', 'Sabbagh', 'Najjar', 'Zayed'],
  },
  nigerian: {
    given: ['Oluwaseun', 'Chidinma', 'Emeka', 'Funmilayo', 'Ifeanyi', 'Yetunde'],
    family: ['Adeyemi', 'Okonkwo', 'Nwachukwu', 'Babatunde', 'Eze', 'Ogunleye'],
  },
  vietnamese: {
    given: ['Huong', 'Tuan', 'Phuong', 'Khoa', 'Trang', 'Bao'],
    family: ['Nguyen', 'Tran', 'Pham', 'Hoang', 'Dang', 'Bui'],
  },
  korean: {
    given: ['Ji-woo', 'Min-seok', 'Eun-ji', 'Sung-ho', 'Hye-jin', 'Dong-hyun'],
    family: ['Kwon', 'Hwang', 'Yoon', 'Jeong', 'Shin', 'Kang'],
  },
  russian: {
    given: ['Svetlana', 'Boris', 'Lyudmila', 'Gennady', 'Oksana', 'Yevgeny'],
    family: ['Kuznetsov', 'Petrova', 'Vasiliev', 'Morozova', 'Sidorenko', 'Orlov'],
  },
  polish: {
    given: ['Agnieszka', 'Zbigniew', 'Malgorzata', 'Krzysztof', 'Jadwiga', 'Bogdan'],
    family: ['Kowalczyk', 'Wojciechowski', 'Lewandowska', 'Zielinski', 'Szymanska'],
  },
  french: {
    given: ['Geneviève', 'Thierry', 'Camille', 'Solène', 'Bertrand', 'Mireille'],
    family: ['Lefèvre', 'Beaumont', 'Charpentier', 'Rousselle', "d'Aubigny", 'Gauthier'],
  },
  japanese: {
    given: ['Haruto', 'Ayumi', 'Takeshi', 'Noriko', 'Shinji', 'Emiko'],
    family: ['Yamashita', 'Fujimoto', 'Nakagawa', 'Ishikawa', 'Matsuda', 'Ogawa'],
  },
}

/** Sentences that name nobody, though they look like it: eponyms, vital signs, scores, doses, codes, ratios. */
export const decoys: readonly string[] = [
  'Blood pressure is 120/80 mmHg, pulse 72/min, respirations 16/min.',
  'Pain is rated 7/10 on arrival and 3/10 after morphine.',
  'Glasgow Coma Scale was 11/15 with a positive Babinski sign on the left.',
  'He has a history of Parkinson disease and Hodgkin lymphoma in remission.',
  "Examination shows Cushing syndrome with a positive Murphy's sign.",
  'Apgar scores were 8 and 9 at 1 and 5 minutes.',
  'A Down syndrome screen and a Wilson disease workup were negative.',
  'MRI shows a lesion at T12 and degenerative changes at L4-L5.',
  'Hemoglobin is 9.8 g/dL, ferritin 12 ng/mL, platelets 150,000/mm3.',
  'Start amoxicillin 500 mg three times daily for 10 days; grade 2/6 systolic murmur.',
  'ICD-10 code I10; LOINC 4548-4; SNOMED 38341003; RxNorm 860975.',
  'The albumin to creatinine ratio was 30/1 and the FEV1/FVC ratio 0.62.',
  'A Whipple procedure and a Roux-en-Y anastomosis were discussed.',
  'Guillain-Barré syndrome was suspected because of ascending weakness.',
  'Crohn disease was found on biopsy with Peyer patches spared.',
  'Vision is 20/40 in the right eye; strength is 4/5 in the left arm.',
  'A 23-year-old woman comes to the office because of fatigue for 3 months.',
  'An 86-year-old man is brought in after a fall; he may need surgery.',
  'The patient was born at 39 weeks and weighs 3.2 kg.',
  'Trousseau sign and Chvostek sign were both present; calcium 6.9 mg/dL.',
  'Will continue metformin 1,000 mg twice daily; hope for remission.',
  'GRACE score 140; CHA2DS2-VASc 4; Wells criteria 3 points.',
  'Epstein-Barr virus serology and a Rinne test were ordered.',
  'The Mini-Mental State Examination score was 22/30 in the clinic.',
  'Bence Jones proteins were found; Ann Arbor stage IIB.',
  'He emigrated from Vietnam in 1985 and worked in construction.',
  'Stevens-Johnson syndrome followed use of lamotrigine 25 mg.',
  'The Marfan phenotype with Beighton score 7/9 was noted.',
  'A Swan-Ganz catheter showed a wedge pressure of 18 mm Hg.',
  'Addison disease, Graves disease and Hashimoto thyroiditis cluster in families.',
]
